# SPDX-License-Identifier: MIT
"""A tour in "# %%" cells, for editors that run them, or as a program. It fits a function with and without a mask, and
writes curves.png, mask.png and gradient.png to the folder given as its argument (default: out). notebook.py makes
tour.ipynb of it."""
# %% A function that is smooth on one side and oscillates on the other, and 26 samples of it
import pathlib
import sys
import tempfile

import matplotlib

if not hasattr(sys, "ps1"):
    matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import sape

out = pathlib.Path(sys.argv[1] if len(sys.argv) == 2 else "out")
out.mkdir(parents=True, exist_ok=True)
tempfile.TemporaryFile(dir=out).close()  # fails now, not after training, if the folder is not writable


def wave(x):
    return 0.5 * np.sin(0.01 * (2 * x + 4) ** 4.5)


x = np.linspace(-1, 1, 26)[:, None]
fine = np.linspace(-1, 1, 1000)[:, None]
ITERATIONS = 600

# %% One fit for each policy: the mask decides which frequencies the network sees where
fits, losses = {}, {}
for policy in (sape.Policy.NONE, sape.Policy.GLOBAL, sape.Policy.SPATIAL):
    fits[policy] = field = sape.Field(
        sape.EncoderParams(domain_dim=1, std=5),
        sape.MaskParams(policy=policy, num_iterations=ITERATIONS),
        sape.NetworkParams(output_dim=1),
    )
    curve = losses[policy] = []
    with sape.Trainer(field) as trainer:
        trainer.set_data(x, wave(x))

        def watch(now):
            curve.append(now.loss)
            return now.loss < 1e-6  # good enough: stop

        trainer.run(ITERATIONS, watch)

# %% Between the samples, SAPE follows the function best
figure, axes = plt.subplots(2, 2, figsize=(11, 7), constrained_layout=True)
for axis, (policy, field) in zip(axes.flat, fits.items()):
    prediction = field.predict(fine)
    error = np.sqrt(np.mean((prediction - wave(fine)) ** 2))
    axis.plot(fine, wave(fine), color="0.7", linewidth=3, label="function")
    axis.plot(fine, prediction, label="fit")
    axis.plot(x, wave(x), "k.", label="samples")
    axis.set(title=f"{policy.name.lower()}: root mean square error {error:.3f}", ylim=(-1, 1))
axes[0, 0].legend(loc="lower left")
for policy, curve in losses.items():
    axes[1, 1].semilogy(curve, label=policy.name.lower())
axes[1, 1].set(title="loss over the samples", xlabel="iteration")
axes[1, 1].legend()
figure.savefig(out / "curves.png", dpi=100)

# %% The mask: weights of the features (rows, from low to high frequency) over the domain
weights = fits[sape.Policy.SPATIAL].mask.weights(fine)
figure, (above, below) = plt.subplots(2, 1, figsize=(8, 6), sharex=True, constrained_layout=True)
image = above.imshow(weights.T, extent=(-1, 1, 0, weights.shape[1]), origin="lower", aspect="auto", cmap="magma")
above.set(title="weights of the features", ylabel="feature")
figure.colorbar(image, ax=above)
below.plot(fine, wave(fine))
below.set(title="the function", xlabel="x")
figure.savefig(out / "mask.png", dpi=100)

# %% The derivative of the fit, beside differences of the fit itself
field = fits[sape.Policy.SPATIAL]
slope = field.backward_x(fine, np.ones((1000, 1)))
figure, axis = plt.subplots(figsize=(8, 4), constrained_layout=True)
axis.plot(fine, np.gradient(field.predict(fine)[:, 0], fine[:, 0]), color="0.7", linewidth=3, label="differences")
axis.plot(fine, slope, label="backward_x")
axis.set(title="slope of the fit", xlabel="x")
axis.legend()
figure.savefig(out / "gradient.png", dpi=100)

# %% A loss of your own in numpy: absolute differences, which an outlier does not spoil


def absolute(outputs, targets, x):
    difference = outputs - targets
    return np.abs(difference).mean(), np.abs(difference).mean(axis=1), np.sign(difference) / difference.size


field = sape.Field(sape.EncoderParams(domain_dim=1, std=5), network=sape.NetworkParams(output_dim=1))
with sape.Trainer(field, sape.TrainerParams(loss=absolute)) as trainer:
    trainer.set_data(x, wave(x))
    print(f"mean absolute difference: {trainer.run(ITERATIONS).loss:.4f}")
print(f"pictures are in {out}")
