#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The example programs: their errors, and a quick fit of every kind.
# Usage: test_examples.sh FIT_FUNCTION FIT_IMAGE RENDER MAKE_PICTURES CASES
set -uo pipefail

fit_function=$(realpath "$1")
fit_image=$(realpath "$2")
render=$(realpath "$3")
make_pictures=$(realpath "$4")
cases=$(realpath "$5")
source "$(dirname "${BASH_SOURCE[0]}")/../support/program-checks"
"$make_pictures" . || exit 1

# fits PROGRAM ARGUMENT...: the program succeeds and leaves no unfinished file.
fits() {
    runs "$@" --json && ! ls out | grep -q part
}

FUNCTION_KEYS="task policy encoding activation iterations seed train_mse dense_mse seconds ms_per_iteration"
IMAGE_KEYS="task policy encoding activation iterations seed width height psnr_all psnr_train psnr_heldout seconds ms_per_iteration
    peak_rss_mb"
QUICK="--preset paper --iterations 30 --hidden 16 --num-frequencies 8 --num-blocks 4 --resolution 8 --threads 1"

# Options.
expect refuses 2 "'--colour'" "$fit_image" color.png --colour red
expect refuses 2 "'--std'" "$fit_image" color.png --std
expect refuses 2 "--std: 'wide' is not" "$fit_image" color.png --std wide
expect refuses 2 "--std: 'nan' is not" "$fit_image" color.png --std nan
expect refuses 2 "--std: 0 is out of range" "$fit_image" color.png --std 0
expect refuses 2 "--iterations: -3 is out of range" "$fit_image" color.png --iterations -3
expect refuses 2 "--iterations: '1.5' is not" "$fit_image" color.png --iterations 1.5
expect refuses 2 "--iterations: 99999999999999999999 is out" "$fit_function" --iterations 99999999999999999999
expect refuses 2 "--resolution: 2 is out of range" "$fit_function" --resolution 2
expect refuses 2 "--policy: 'local' is not one of" "$fit_function" --policy local
expect refuses 2 "--precision: 'half' is not one of" "$fit_function" --precision half
expect refuses 2 "--fraction: 1.5 is out of range" "$fit_image" color.png --fraction 1.5
expect refuses 2 "'--json=1'" "$fit_function" --json=1
expect refuses 2 "'-x'" "$fit_function" -x
expect refuses 2 "unexpected argument 'more'" "$fit_function" more
expect refuses 2 "'IMAGE'" "$fit_image"
expect refuses 2 "--sampling grid" "$fit_image" color.png --policy spatial_fixed
expect refuses 2 "identity" "$fit_image" color.png --compare --encoding identity
for program in "$fit_function" "$fit_image"; do
    "$program" --help >stdout 2>stderr
    expect grep -q -- "--num-frequencies N" stdout
done

# Other precisions give other numbers; their name is in the checkpoint.
figures() {
    "$fit_function" $QUICK --save saved.safetensors --json "$@" | tail -n 1 | grep -o '"train_mse":[^,]*'
}
expect [ "$(figures)" = "$(figures --precision fp32)" ]
expect eval "! grep -q network.precision saved.safetensors"
expect [ "$(figures)" != "$(figures --precision bf16)" ]
expect grep -q 'network.precision":"bf16"' saved.safetensors

# Settings that only the library can judge.
expect refuses 1 "num_frequencies" "$fit_function" --encoding positional --num-frequencies 200
expect refuses 1 "num_blocks" "$fit_image" color.png --num-frequencies 2 --num-blocks 50

# Pictures that cannot be read.
: >empty.png
echo "no picture" >text.png
expect refuses 1 "missing.png" "$fit_image" missing.png
expect refuses 1 "empty" "$fit_image" empty.png
expect refuses 1 "not a PNG" "$fit_image" text.png
expect refuses 1 "Is a directory" "$fit_image" "$work"
for picture in color.png color.jpg color.bmp color.webp palette.gif; do
    head -c $(($(stat -c %s $picture) * 2 / 3)) $picture >cut_$picture
    expect refuses 1 "cut_$picture" "$fit_image" cut_$picture
    head -c 16 $picture >head_$picture
    expect refuses 1 "head_$picture" "$fit_image" head_$picture
done

expect refuses 1 "the JPEG picture is truncated" "$fit_image" "$cases/trunc_ext.jpg"

# Pictures that claim more pixels than memory may hold: the bytes given in place of those from the offset on.
claims() {
    cp "$1" "huge_$1"
    printf "$3" | dd of="huge_$1" bs=1 seek="$2" conv=notrunc status=none
    expect refuses 1 "at most 250 million are read" "$fit_image" "huge_$1"
}
claims color.png 16 '\x00\x01\x00\x00\x00\x01\x00\x00'
claims color.jpg $(($(LC_ALL=C grep -abo -m 1 -P '\xff\xc0\x00\x11' color.jpg | cut -d: -f1) + 5)) '\xf0\x00\xf0\x00'
claims palette.gif 6 '\xff\xff\xff\xff'
claims color.bmp 18 '\x00\x00\x01\x00\x00\x00\xff\xff'
claims color.webp 26 '\xff\xff\xff\xff'

# Points that cannot be read.
printf 'x,y\n0,1\n1,two\n' >bad.csv
printf '0,1\n0.5,nan\n' >nan.csv
printf '0,1\n' >short.csv
expect refuses 1 "bad.csv:3:" "$fit_function" --csv bad.csv
expect refuses 1 "nan.csv:2:" "$fit_function" --csv nan.csv
expect refuses 1 "short.csv" "$fit_function" --csv short.csv
expect refuses 1 "missing.csv" "$fit_function" --csv missing.csv
expect refuses 1 "is not text" "$fit_function" --csv /dev/zero
expect refuses 1 "is not text" "$fit_function" --csv /dev/urandom
printf '0,5;1,25\n1,5;2,25\n' >comma.csv
expect refuses 1 "decimal points" "$fit_function" --csv comma.csv

# Directories that cannot be made.
expect refuses 1 "color.png" "$fit_image" color.png --out color.png
expect refuses 1 "color.png" "$fit_function" --out color.png/deeper

expect refuses 2 "--std" "$fit_image" color.png --std never
expect refuses 2 "0 to 0.9" "$fit_image" color.png --validation 0.95
expect refuses 1 "validation_share" "$fit_image" color.png --policy spatial_fixed --sampling grid --validation 0.1

# Fits.
for policy in none global spatial spatial_fixed variance; do
    {
        expect fits "$fit_function" $QUICK --policy $policy
        expect has_json $FUNCTION_KEYS
        expect has_files fit.png mask.png fit.gif
        expect fits "$fit_image" color.png $QUICK --policy $policy --sampling grid
        expect has_json $IMAGE_KEYS
        expect has_files fit.png mask.png target.png samples.png fit.gif
    }
done
for encoding in identity fourier positional rbf periodic_rbf; do
    expect fits "$fit_image" color.png $QUICK --encoding $encoding --sampling edges --out out
    expect json_has "\"encoding\":\"$encoding\""
done
for activation in leaky_relu sine softplus gelu silu tanh gaussian; do
    expect fits "$fit_image" color.png $QUICK --encoding identity --num-blocks 0 --activation $activation
    expect json_has "\"activation\":\"$activation\""
done
for output in sigmoid tanh softplus exp; do
    expect fits "$fit_image" color.png $QUICK --output-activation $output --save $output.safetensors
    expect grep -aq "\"sape.network.output_activation\":\"$output\"" $output.safetensors
done
expect fits "$fit_function" $QUICK --activation gaussian --activation-parameter 2 --output-activation tanh
expect refuses 2 "--activation: 'siren' is not one of" "$fit_image" color.png --activation siren
expect refuses 1 "gelu has no parameter" "$fit_image" color.png --activation gelu --activation-parameter 2
for function in psine chirp step sines mixed; do
    expect fits "$fit_function" $QUICK --function $function
done
expect fits "$fit_function" $QUICK --encoding identity
expect json_has '"policy":"none"'
for picture in color.jpg color.bmp color.webp palette.gif palette.png grey.png alpha.png; do
    expect fits "$fit_image" $picture $QUICK
    expect json_has '"width":24,"height":16'
done
for picture in small_frame.gif bgra_v5.bmp anim.webp grey16.png; do
    expect fits "$fit_image" "$cases/$picture" $QUICK
    expect json_has '"width":20,"height":12'
done
expect fits "$fit_image" "$cases/exif6.jpg" $QUICK
expect json_has '"width":12,"height":20'
expect fits "$fit_image" "$cases/row.png" $QUICK --max-size 1000
expect json_has '"width":600,"height":1,'
expect fits "$fit_image" color.png $QUICK --max-size 12 --fraction 1
expect json_has '"width":12,"height":8'
expect json_has '"psnr_heldout":null'
# Settings that are not given are proposed from the samples, and told with reasons; those that are given are kept.
SHORT="--iterations 20 --hidden 16 --threads 1"
expect fits "$fit_image" color.png $SHORT --verbose
expect grep -qE "^std [0-9.]+: neighbouring targets differ" stderr
expect json_has '"preset":"proposed","proposed":{"encoding":{"value":"fourier","reason":"' '"iterations":20,'
expect json_has '"policy":"spatial","encoding":"fourier"'
proposed=$(value psnr_all)
expect fits "$fit_image" color.png $SHORT --threads 2
expect [ "$(value psnr_all)" = "$proposed" ]
expect fits "$fit_image" color.png $SHORT --std 3
expect [ "$(value psnr_all)" != "$proposed" ]
expect fits "$fit_image" color.png $SHORT --fraction 1 --policy global
expect json_has '"policy":"global","encoding":"grid"'
expect fits "$fit_image" color.png $SHORT --encoding identity
expect json_has '"policy":"none","encoding":"identity"'
expect fits "$fit_image" color.png --hidden 16 --seconds 0.0000001
expect json_has '"iterations":1,'
# Time for three fields; a file has one.
expect fits "$fit_image" color.png --hidden 16 --threads 1 --seconds 3
expect json_has '"members":3' '"members":{"value":"3","reason":"'
expect fits "$fit_image" color.png --hidden 16 --threads 1 --seconds 3 --save single.safetensors
expect [ -s single.safetensors ]
expect fits "$fit_image" color.png $QUICK --verbose
expect json_has '"preset":"paper"'
expect [ -z "$(grep "^std" stderr)" ]
expect fits "$fit_function" $SHORT --verbose
expect json_has '"preset":"proposed"' '"encoding":"fourier"'
expect fits "$fit_image" color.png $SHORT --save proposed.safetensors
expect fits "$fit_image" color.png $SHORT --resume proposed.safetensors
expect refuses 1 "--std is 3, but the checkpoint was trained with proposed" "$fit_image" color.png $SHORT --std 3 \
    --resume proposed.safetensors

# Batches: as many iterations are more epochs; a batch of all samples is none.
expect fits "$fit_image" color.png $QUICK
whole=$(value psnr_all)
expect fits "$fit_image" color.png $QUICK --batch 96
expect [ "$(value psnr_all)" = "$whole" ]
expect fits "$fit_image" color.png $QUICK --batch 20
expect [ "$(value psnr_all)" != "$whole" ]
expect json_has '"iterations":30,'
# Training ends at a PSNR over the samples: not before, and soon after.
for batch in 0 20; do
    expect fits "$fit_image" color.png $QUICK --lr 1e-2 --iterations 20000 --batch $batch --until-psnr 16
    expect json_has '"psnr_reached":true'
    expect awk -v psnr="$(value psnr_train)" -v n="$(value iterations)" 'BEGIN { exit !(psnr >= 16 && psnr < 20 && n < 2000) }'
    expect has_files fit.png mask.png target.png samples.png fit.gif
done
expect fits "$fit_image" color.png $QUICK --until-psnr 90
expect json_has '"iterations":30,' '"psnr_reached":false'
expect grep -qF "has not reached 90 dB" stderr
expect fits "$fit_image" color.png $QUICK --lr 1e-2 --iterations 20000 --until-psnr 16 --compare
expect [ "$(tail -n 1 stdout | grep -o '"psnr_reached":true' | wc -l)" -eq 6 ]
expect refuses 2 "give one of them" "$fit_image" color.png --until-psnr 30 --validation 0.1
expect refuses 2 "--until-psnr: -1 is out of range" "$fit_image" color.png --until-psnr -1
# A training run with batches that is stopped and goes on ends as one that was not; with other batches it does not.
long="$QUICK --iterations 3000 --batch 20"
expect stops_after part.safetensors "$fit_image" color.png $long --save part.safetensors --checkpoint-every 100
expect fits "$fit_image" color.png $long --resume part.safetensors --save resumed.safetensors
expect fits "$fit_image" color.png $long --save whole.safetensors
expect cmp resumed.safetensors whole.safetensors
# The learning rate alone may be another from there on; without --lr it is the checkpoint's.
expect stops_after part.safetensors "$fit_image" color.png $long --lr 1e-3 --save part.safetensors --checkpoint-every 100
expect fits "$fit_image" color.png $long --resume part.safetensors --lr 2e-4 --save other.safetensors
expect grep -q "^the learning rate is 0.0002 from here on; in the checkpoint it was 0.001$" stderr
expect fits "$fit_image" color.png $long --resume other.safetensors --save again.safetensors
expect cmp other.safetensors again.safetensors
expect refuses 1 "--batch is 30, but the checkpoint was trained with 20" "$fit_image" color.png $long --batch 30 --resume whole.safetensors

for policy in none global spatial variance; do
    # With so few iterations the held-out loss is computed once, after 20 of them.
    expect fits "$fit_image" color.png $QUICK --policy $policy --std auto --validation 0.1 --adaptive-lr
    expect json_has '"best_iteration":20,"validation_loss":'
    expect grep -q "^std .* cycles per unit" stderr
done
# With a std the proposal gives the variance policy its highest cut-off, which is 0 where the mask chooses it.
expect fits "$fit_image" color.png $QUICK --policy variance --std auto --save variance.safetensors
expect grep -aq '"sape.mask.c_max":"0x1' variance.safetensors
expect fits "$fit_image" color.png $QUICK --policy variance --save variance.safetensors
expect grep -aq '"sape.mask.c_max":"0x0' variance.safetensors
expect fits "$fit_function" $QUICK --std auto --validation 0.2 --adaptive-lr
expect json_has '"best_iteration":20,"validation_loss":'
# As many iterations as the held-out samples find best are then done on all samples.
expect fits "$fit_function" $QUICK --policy none --iterations 20
mv out/fit.png all.png
expect fits "$fit_function" $QUICK --policy none --iterations 30 --validation 0.2
expect json_has '"iterations":50,'
expect cmp all.png out/fit.png
printf '# time; value\n10; 5\n20; 7\n30; 6\n' >good.csv
expect fits "$fit_function" $QUICK --csv good.csv --out out/below/here
expect json_has '"dense_mse":null'
expect has_files below/here/{fit.png,mask.png,fit.gif}
# The same table however it is written, and wherever its values lie.
awk -F, 'NR > 1 { print $0 }' "$cases/hdr_nano.csv" >plain.csv
awk -F, '{ printf "%.3f,%s\n", 1700000000 + $1, $2 }' plain.csv >late.csv
expect fits "$fit_function" $QUICK --csv plain.csv
expect grep -q "^20 rows" stdout
first=$(value train_mse)
for table in "$cases"/{bom,cr,hdr_nano}.csv; do
    expect fits "$fit_function" $QUICK --csv "$table"
    expect grep -q "^20 rows" stdout
    expect [ "$(value train_mse)" = "$first" ]
done
expect fits "$fit_function" $QUICK --csv late.csv
expect awk -v a="$(value train_mse)" -v b="$first" 'BEGIN { exit !((a - b) ^ 2 < 1e-8) }'
expect fits "$fit_image" color.png $QUICK --compare
expect has_json fits policy psnr_all
expect json_has '"method":"spatial"' '"method":"siren"' '"method":"grid, none"' '"method":"grid, spatial"'
expect has_files compare.png

# Ctrl-C: the result is there all the same.
expect stops_after out "$fit_function" --iterations 100000000 --json
expect has_json $FUNCTION_KEYS
expect has_files fit.png mask.png fit.gif

# A training run that is stopped and goes on ends as one that was not.
for policy in none global spatial spatial_fixed variance; do
    long="--preset paper --iterations 30000 --hidden 8 --num-frequencies 16 --policy $policy"
    expect stops_after part.safetensors "$fit_function" $long --save part.safetensors --checkpoint-every 1000
    expect fits "$fit_function" $long --resume part.safetensors --save resumed.safetensors
    expect fits "$fit_function" $long --save whole.safetensors
    expect cmp resumed.safetensors whole.safetensors
done
expect refuses 1 "missing.safetensors" "$fit_function" --resume missing.safetensors --policy none
expect refuses 1 "--policy is none, but the checkpoint was trained with variance" "$fit_function" --resume whole.safetensors --policy none --hidden 8 --num-frequencies 16
expect refuses 2 "--save" "$fit_image" color.png --compare --save whole.safetensors

# A saved field is drawn at any size.
draws() {
    runs "$render" "$@" && has_files render.png
}
expect draws whole.safetensors --width 300 --height 200
expect fits "$fit_image" color.png $QUICK --save image.safetensors
expect draws image.safetensors --width 96 --height 64 --precision fp32
mv out/render.png fp32.png
expect draws image.safetensors --width 96 --height 64 --precision bf16
expect eval "! cmp -s fp32.png out/render.png"
expect env SAPE_BACKEND=baseline,bf16 "$render" image.safetensors --width 96 --height 64
mv out/render.png bf16.png
expect env SAPE_BACKEND=baseline,fp32 "$render" image.safetensors --width 96 --height 64 --precision bf16
expect cmp bf16.png out/render.png
expect refuses 1 "missing.safetensors" "$render" missing.safetensors

# Several members: the picture of all is their mean, which render draws from their one file. From that file all go on,
# and those that are not in it begin: three of the seeds 5 to 7 are the same ones as two and one more.
expect fits "$fit_image" color.png $QUICK --fraction 1 --save all.safetensors --seed 5 --members 3
expect json_has '"members":3' '"iterations":90,'
expect eval "! test -e all.safetensors.0"
mv out/fit.png fit.png
expect draws all.safetensors
expect cmp fit.png out/render.png
expect fits "$fit_image" color.png $QUICK --fraction 1 --save two.safetensors --seed 5 --members 2
expect draws two.safetensors
expect eval "! cmp -s fit.png out/render.png"
expect fits "$fit_image" color.png $QUICK --fraction 1 --save more.safetensors --resume two.safetensors --seed 5 --members 3
expect draws more.safetensors
expect cmp fit.png out/render.png
expect refuses 1 "has 2 fields, but --members is 1" "$fit_image" color.png $QUICK --fraction 1 --resume two.safetensors --seed 5
expect refuses 2 "--members: 0 is out of range" "$fit_image" color.png --members 0
expect fits "$fit_function" $QUICK
one=$(value dense_mse)
expect fits "$fit_function" $QUICK --members 2
expect json_has '"members":2' '"iterations":60,'
expect [ "$(value dense_mse)" != "$one" ]
expect fits "$fit_function" --hidden 8 --threads 1 --save proposed.safetensors
expect json_has '"members":16'
all=$(value dense_mse)
expect fits "$fit_function" --hidden 8 --threads 1 --resume proposed.safetensors
expect json_has '"members":16'
expect [ "$(value dense_mse)" = "$all" ]
# One that is interrupted is dropped.
expect stops_after kept.safetensors "$fit_image" color.png $QUICK --iterations 4000 --members 30 --save kept.safetensors --json
expect has_json $IMAGE_KEYS members
expect refuses 1 "color.png" "$render" color.png

finish
