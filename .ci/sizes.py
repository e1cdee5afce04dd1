"""How large each function is, as `sam deploy` uploads it: zipped. Prints the table; `--write` puts it into docs/performance.md.

Usage: sizes.py [--write], after `sam build`.
"""

import io
import pathlib
import re
import sys
import zipfile

ROOT = pathlib.Path(__file__).parent.parent
DOCUMENT = ROOT / "docs/performance.md"
MARKS = re.compile(r"(<!-- sizes -->\n).*(<!-- /sizes -->\n)", re.DOTALL)


def zipped(binary):
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(binary, "bootstrap")
    return len(whole.getvalue())


def table():
    rows = ["| function | binary, MB | zipped, MB |", "| --- | --- | --- |"]
    built = ROOT / ".aws-sam/build"
    sizes = {}
    for binary in sorted(built.glob("*/bootstrap"), key=lambda binary: binary.parent.name.removesuffix("Function")):
        # Two functions of the template share one binary.
        sizes.setdefault(binary.read_bytes(), (binary.parent.name.removesuffix("Function").lower(), binary.stat().st_size, zipped(binary)))
    if not sizes:
        raise SystemExit("nothing is built: sam build")
    for name, plain, packed in sizes.values():
        rows.append(f"| {name} | {plain / 1e6:.1f} | {packed / 1e6:.1f} |")
    rows.append(f"| all {len(sizes)} | {sum(s[1] for s in sizes.values()) / 1e6:.1f} | {sum(s[2] for s in sizes.values()) / 1e6:.1f} |")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    text = table()
    print(text)
    if "--write" in sys.argv:
        before = DOCUMENT.read_text()
        assert MARKS.search(before), f"{DOCUMENT} has no marks"
        DOCUMENT.write_text(MARKS.sub(lambda marks: f"{marks[1]}{text}{marks[2]}", before))
