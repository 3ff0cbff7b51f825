# SPDX-License-Identifier: MIT
"""Writes the reference of the module, made from its docstrings, as Markdown:

    python3 examples/python/reference.py > docs/python.md

It reads the sources and needs neither numpy nor the library."""
import ast
import re
import textwrap
from pathlib import Path

MODULE = Path(__file__).resolve().parent / "sape"
INTRODUCTION = """# The Python module

`examples/python/reference.py` made this page from the docstrings, which `help(sape)` shows as well;
[install.md](install.md) says how to install the module, [guide.md](guide.md) explains the ideas, and
[tour.ipynb](../examples/python/tour.ipynb) shows them at work. Letters in shapes: d coordinates, o outputs, E
features, n samples."""
ENTRY = r"[a-z]\w*(?:, [a-z]\w*)*"  # the names that a line of a docstring may begin with
TITLES = ("Functions", "Classes", "Parameters", "Results", "Enumerations", "Errors", "Types")
PARAMETERS = "These are data classes: each name is an argument of the constructor, and a member."


def is_public(node):
    """Whether a definition belongs to the reference. The setter of a property and an overload do not: the getter and
    the function itself stand for them."""
    decorated = getattr(node, "decorator_list", [])
    repeated = any(isinstance(d, ast.Attribute) or ast.unparse(d) == "overload" for d in decorated)
    return isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_") and not repeated


def bases(node):
    return [ast.unparse(base).split(".")[-1] for base in node.bases]


def decorators(node):
    return [ast.unparse(decorator) for decorator in node.decorator_list]


def arguments(node, annotated):
    """The arguments of a function as texts, without self."""
    given = node.args.posonlyargs + node.args.args
    pairs = list(zip(given, [None] * (len(given) - len(node.args.defaults)) + node.args.defaults))
    texts = [argument(*pair, annotated) for pair in pairs] + ["*"] * bool(node.args.kwonlyargs)
    texts += [argument(*pair, annotated) for pair in zip(node.args.kwonlyargs, node.args.kw_defaults)]
    return [text for text in texts if text.split(":")[0] not in ("self", "cls")]


def argument(node, default, annotated):
    annotation = f": {ast.unparse(node.annotation)}" if annotated and node.annotation else ""
    equals = " = " if annotation else "="
    return node.arg + annotation + ("" if default is None else equals + ast.unparse(default))


def declaration(name, node):
    """A function or constructor as a block of code."""
    texts = arguments(node, True)
    returned = f" -> {ast.unparse(node.returns)}" if node.returns and node.name != "__init__" else ""
    line = f"{name}({', '.join(texts)}){returned}"
    if len(line) > 100:
        line = "\n".join([f"{name}(", *(f"    {text}," for text in texts), f"){returned}"])
    return f"```python\n{line}\n```"


def escaped(text):
    """The text with Markdown's own characters taken literally, except in code."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(part if part.startswith("`") else re.sub(r"([*<])", r"\\\1", part) for part in parts)


def filled(text, indent="", first=None):
    return textwrap.fill(
        " ".join(text.split()), 120, initial_indent=indent if first is None else first, subsequent_indent=indent,
        break_long_words=False, break_on_hyphens=False,
    )


def documentation(node, indent="", first=None):
    """A docstring as Markdown: its paragraphs, and its lines "name: text" as a list."""
    found = []
    for paragraph in re.split(r"\n\s*\n", ast.get_docstring(node) or ""):
        entry_begins = rf"(?={ENTRY}: )"
        is_list = re.match(entry_begins, paragraph)
        entries = re.split(rf"^{entry_begins}", paragraph, flags=re.MULTILINE) if is_list else [paragraph]
        items = []
        for entry in filter(None, entries):
            name, _, text = entry.partition(": ")
            if is_list:
                items.append(filled(f"`{name}`: {escaped(text)}", indent + "  ", indent + "* "))
            else:
                items.append(filled(escaped(entry), indent, first if not found else None))
        found.append("\n".join(items))
    return "\n\n".join(found)


def members(node):
    """The methods and properties of a class, a list item each."""
    for member in filter(is_public, node.body):
        name = member.name
        if not any(decorator.endswith("property") for decorator in decorators(member)):
            name += f"({', '.join(arguments(member, False))})"
        name = f"{node.name}.{name}" if "classmethod" in decorators(member) else name
        yield documentation(member, "  ", f"* `{name}`: ")


def constructor(node):
    found = [member for member in node.body if isinstance(member, ast.FunctionDef) and member.name == "__init__"]
    return declaration(node.name, found[0]) if found else ""


def handle(node):
    return [f"### {node.name}", constructor(node), documentation(node), "\n".join(members(node))]


def function(node):
    return [f"### {node.name}", declaration(node.name, node), documentation(node)]


def record(node):
    """A named tuple, with its members."""
    names = [f"`{item.target.id}`" for item in node.body if isinstance(item, ast.AnnAssign)]
    return [f"### {node.name}", documentation(node), filled(f"Members: {', '.join(names)}.")]


def choice(node):
    """An enumeration, with its values."""
    values = [f"`{item.targets[0].id}` ({item.value.value})" for item in node.body if isinstance(item, ast.Assign)]
    return [f"### {node.name}", documentation(node), filled(", ".join(values) + ".")]


def error(node):
    also = [base for base in bases(node) if base not in ("Error", "Exception")]
    return [documentation(node, "  ", f"* `{node.name}`" + (f" (also `{also[0]}`)" if also else "") + ": ")]


def alias(name, comment, text):
    words = re.sub(r"^#: ?", "", comment, flags=re.MULTILINE)
    return [f"### {name}", filled(escaped(words)), f"```python\n{text}\n```"]


def exported():
    """What the module offers: its definitions by name, and its types with the comment before each."""
    definitions, aliases = {}, {}
    for path in sorted(MODULE.glob("_*.py")):
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
        definitions.update({node.name: node for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))})
        for comment, name in re.findall(r"^((?:#: .*\n)+)(\w+) = ", text, re.MULTILINE):
            node = next(node for node in tree.body if isinstance(node, ast.Assign) and node.targets[0].id == name)
            aliases[name] = alias(name, comment, ast.unparse(node))
    module = ast.parse((MODULE / "__init__.py").read_text(encoding="utf-8"))
    names = next(node for node in module.body if isinstance(node, ast.Assign))
    return definitions, aliases, ast.literal_eval(names.value) + ["SapeRegressor"]


def section(node):
    """The section that a definition belongs to, and how it is written there."""
    if isinstance(node, ast.FunctionDef):
        return "Functions", function
    if "dataclass" in decorators(node):
        return "Parameters", lambda params: [f"### {params.name}", documentation(params), "\n".join(members(params))]
    for base, found in (("IntEnum", ("Enumerations", choice)), ("NamedTuple", ("Results", record))):
        if base in bases(node):
            return found
    if node.name in ("Error", "StopTraining") or "Error" in bases(node):
        return "Errors", error
    return ("Types", handle) if "Protocol" in bases(node) else ("Classes", handle)


def page():
    definitions, aliases, names = exported()
    overview = documentation(ast.parse((MODULE / "__init__.py").read_text(encoding="utf-8")))
    sections = {title: [] for title in TITLES}
    sections["Parameters"].append(PARAMETERS)
    sections["Classes"] += ["### Every handle", "\n".join(members(definitions["Handle"]))]
    for name in sorted(names, key=str.lower):
        if name in definitions:
            title, written = section(definitions[name])
            sections[title] += written(definitions[name])
        elif name in aliases:
            sections["Types"] += aliases[name]
    sections["Errors"] = ["\n".join(sections["Errors"])]
    torch = ast.parse((MODULE / "torch.py").read_text(encoding="utf-8"))
    sections["sape.torch"] = [documentation(torch)]
    for node in filter(is_public, torch.body):
        sections["sape.torch"] += handle(node)
    parts = [INTRODUCTION, overview]
    for title, written in sections.items():
        parts += [f"## {title}", *written]
    return "\n\n".join(filter(None, parts)) + "\n"


if __name__ == "__main__":
    print(page(), end="")
