#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The tables of docs/study.md, as Markdown, from those that study_convergence writes to DIR; made first where missing.
# With the preset "proposed" there is one learning rate, and the tables of errors alone.
#   tests/bench/study.sh BUILD_FOLDER DIR [PRESET [OPTION...]]
set -euo pipefail

build=$1
out=$2
preset=${3:-paper}
[ -e "$out/rates.csv" ] || "$build/examples/tools/study_convergence" --preset "$preset" --out "$out" "${@:4}" >&2

# table FILE COLUMN KIND: signals by methods. Kinds: mean (geometric), first and second without and with the adaptive
# rate; list: every seed, without it; median: without and with it.
table() {
    awk -F, -v column="$2" -v kind="$3" '
        NR > 1 {
            key = $1 "," $2 "," $3
            if (!($1 in seen)) { seen[$1] = 1; signals[++num_signals] = $1 }
            n[key]++
            value = column == "ratio" ? $6 / $5 : $column
            values[key, n[key]] = value
            logs[key] += log(value > 0 ? value : 1e-30)
        }
        function median(key,   i, j, smaller, equal) {
            for (i = 1; i <= n[key]; i++) {
                smaller = equal = 0
                for (j = 1; j <= n[key]; j++) {
                    smaller += values[key, j] < values[key, i]
                    equal += values[key, j] == values[key, i]
                }
                if (smaller <= (n[key] - 1) / 2 && smaller + equal > (n[key] - 1) / 2) return values[key, i]
            }
        }
        function list(key,   i, text) {
            for (i = 1; i <= n[key]; i++) text = text (i > 1 ? ", " : "") (values[key, i] > 0 ? values[key, i] : "never")
            return text
        }
        function cell(key) {
            if (kind == "list") return list(key "0")
            if (n[key "1"] == 0) return sprintf("%.2e", exp(logs[key "0"] / n[key "0"]))
            if (kind == "median") return sprintf("%g, %g", median(key "0"), median(key "1"))
            return sprintf("%.1e, %.1e", exp(logs[key "0"] / n[key "0"]), exp(logs[key "1"] / n[key "1"]))
        }
        END {
            num_methods = split("identity siren none global spatial variance", methods, " ")
            print "| signal | identity | siren | none | global | spatial | variance |\n| --- | --- | --- | --- | --- | --- | --- |"
            for (s = 1; s <= num_signals; s++) {
                printf "| `%s` |", signals[s]
                for (m = 1; m <= num_methods; m++) printf " %s |", cell(signals[s] "," methods[m] ",")
                print ""
            }
        }' "$out/$1"
}

# bands SIGNAL: the errors by band after a twentieth, a fifth and all of the training, geometric means.
bands() {
    awk -F, -v signal="$1" '
        $1 == signal && $3 == 0 {
            last = $5
            key = $2 "," $5 "," $6
            n[key]++
            logs[key] += log($7)
        }
        END {
            print "| " signal " | up to 1 cycle | 1 to 2 | 2 to 4 | 4 to 8 | above 8 |\n| --- | --- | --- | --- | --- | --- |"
            num_methods = split("identity siren none global spatial variance", methods, " ")
            for (m = 1; m <= num_methods; m++) {
                printf "| %s |", methods[m]
                for (b = 0; b < 5; b++)
                    for (t = 1; t <= 3; t++) {
                        key = methods[m] "," last * (t == 1 ? 0.05 : t == 2 ? 0.2 : 1) "," b
                        printf("%s%.1e%s", t > 1 ? ", " : " ", exp(logs[key] / n[key]), t == 3 ? " |" : "")
                    }
                print ""
            }
        }' "$out/bands.csv"
}

echo "Error everywhere at the end, without, with the adaptive rate:"
table summary.csv 6 mean
echo "Error at the samples at the end:"
table summary.csv 5 mean
echo "Error everywhere over that at the samples:"
table summary.csv ratio mean
echo "Iterations to the goal, by seed:"
table summary.csv 7 list
if [ "$preset" = paper ]; then
    echo "Largest rate that converges, medians:"
    table rates.csv 5 median
fi
bands sines
bands sines_2d
