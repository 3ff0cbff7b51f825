# SPDX-License-Identifier: MIT
"""Makes tour.ipynb of tour.py: runs its "# %%" cells and stores them with what they print and plot.

    python3 examples/python/notebook.py

It needs what tour.py needs, and takes as long."""
import base64
import contextlib
import io
import json
import os
import re
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
TITLE = """# A tour of sape

`notebook.py` made this notebook of [tour.py](tour.py); change that file and run it again. The cells run in Jupyter
from this folder, with libsape and matplotlib installed, and write their pictures to the folder `out` as well."""


def cells_of(text):
    """The titles and sources of a program's cells."""
    parts = re.split(r"^# %% (.*)\n", text, flags=re.MULTILINE)
    return [(title, source.strip("\n")) for title, source in zip(parts[1::2], parts[2::2])]


def results_of(source, names):
    """Runs a cell, and returns what it prints and plots as outputs of a notebook."""
    import matplotlib.pyplot as plt

    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(source, names)
    outputs = [{"output_type": "stream", "name": "stdout", "text": lines(printed.getvalue())}] if printed.tell() else []
    for number in plt.get_fignums():
        picture = io.BytesIO()
        plt.figure(number).savefig(picture, format="png", dpi=64)
        data = {"image/png": base64.b64encode(picture.getvalue()).decode(), "text/plain": ["<Figure>"]}
        outputs.append({"output_type": "display_data", "data": data, "metadata": {}})
    plt.close("all")
    return outputs


def lines(text):
    return text.splitlines(keepends=True)


def words(number, text):
    return {"cell_type": "markdown", "id": f"words-{number}", "metadata": {}, "source": lines(text)}


def code(number, source, outputs):
    return {
        "cell_type": "code", "id": f"code-{number}", "metadata": {}, "execution_count": number, "source": lines(source),
        "outputs": outputs,
    }


def notebook(text):
    cells, names = [words(0, TITLE)], {"__name__": "__main__"}
    for number, (title, source) in enumerate(cells_of(text), 1):
        cells += [words(number, f"## {title}"), code(number, source, results_of(source, names))]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        sys.argv = ["tour.py"]
        made = notebook((HERE / "tour.py").read_text(encoding="utf-8"))
        os.chdir(HERE)
    (HERE / "tour.ipynb").write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
