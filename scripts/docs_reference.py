"""The reference of the site: a page for each public header, as Doxygen reads it, in the header's own order.

`pages()` returns {"runtime.md": text}. A heading is a type, a function, or several of one comment; below it the declaration as the
header has it, then what the header says. Doxygen finds the declarations and what refers to what."""
import pathlib
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET

ROOT = pathlib.Path(__file__).resolve().parents[1]
HEADERS = ROOT / "include/minnow"

# Headers have comments of C and no @file: the first comment is the file's, every other belongs to what follows it, or stands before
# it on a line; examples are indented by two.
FILTER = r"""sed -E -e '1 s,^// ,/// @file\n/// ,; 1 s,^/\* ,/** @file\n * ,; 1,/^#/ s,^//($| ),///\1,'
 -e 's,^( *)/\* ,\1/** ,; s,([;\,{}]) +/\* ,\1 /**< ,; s,^( *(///| \*))   ( *[^ ]),\1     \3,'""".replace("\n", "")
CONFIGURATION = f"""
INPUT = {HEADERS}
FILE_PATTERNS = *.h
OUTPUT_DIRECTORY = {{output}}
GENERATE_HTML = NO
GENERATE_LATEX = NO
GENERATE_XML = YES
EXTRACT_ALL = YES
QUIET = YES
WARN_IF_UNDOCUMENTED = NO
INPUT_FILTER = "{{filter}}"
EXCLUDE_SYMBOLS = *::of_integers*
"""
BETWEEN = {"linebreak": "  \n", "ndash": "–", "mdash": "—", "sp": " ", "nonbreakablespace": " "}
SILENT = re.compile(r"~|operator=$|Impl$|MINNOW_MINNOW\w*_H$")  # what every class has, guards


def read(output):
    """{header's name: its declarations}, by Doxygen."""
    if not shutil.which("doxygen"):
        raise SystemExit("the reference wants doxygen (scripts/setup.sh docs installs it)")
    shutil.rmtree(output, ignore_errors=True)  # what an earlier run found may be no more
    output.mkdir(parents=True)
    script = output / "filter.sh"
    script.write_text(f"{FILTER} \"$1\"\n")
    configuration = CONFIGURATION.format(output=output, filter=f"sh {script}")
    done = subprocess.run(["doxygen", "-"], input=configuration, capture_output=True, text=True, check=False)
    if done.returncode or done.stderr:
        raise SystemExit(f"doxygen: {done.stderr}")
    return {path.stem: ET.parse(path).getroot().find("compounddef") for path in (output / "xml").glob("*.xml")
            if re.match(r"(class|struct|namespace|.*_8h)", path.stem)}


class Reference:
    def __init__(self, output):
        self.compounds = read(output)
        self.texts = {path.name: path.read_text().splitlines() for path in HEADERS.glob("*.h")}
        self.places = {}  # of everything that can be referred to: page and anchor
        self.entries = {name: [] for name in self.texts}
        for compound in self.compounds.values():
            self.take(compound)

    def take(self, compound):
        kind = compound.get("kind")
        if kind in ("class", "struct"):
            self.place(compound, compound.findtext("compoundname"))
        for member in compound.iter("memberdef"):
            if member.get("prot") == "public" and kind != "file" or member.find("location").get("file") and kind == "file":
                self.place(member, member.findtext("name"))
        if kind == "file":
            self.places[compound.get("id")] = (compound.findtext("compoundname"), "")

    def place(self, entity, name):
        location = entity.find("location")
        header = pathlib.Path(location.get("file")).name
        is_silent = entity.get("kind") == "typedef" and entity.findtext("type", "").startswith(("enum ", "struct "))
        is_silent |= bool(re.match(r"\(\w+ ?&&", entity.findtext("argsstring") or ""))
        if SILENT.search(name) or is_silent or entity.get("id") in self.places or header not in self.texts:
            return
        self.places[entity.get("id")] = (header, self.anchor(entity, name))
        self.entries[header].append((int(location.get("line")) - 1, entity))  # the filter put one before it

    def anchor(self, entity, name):
        """A name for links, "Runtime-create", of which there is one."""
        scoped = entity.findtext("qualifiedname") or name
        anchor = re.sub(r"\W+", "-", re.sub(r"^minnow::", "", scoped)).strip("-")
        taken = {anchor for _, anchor in self.places.values()}
        return next(a for a in (anchor, *(f"{anchor}-{i}" for i in range(2, 99))) if a not in taken)

    # Words

    def words(self, node, page):
        """Doxygen's description as Markdown."""
        out = self.escaped(node.text)
        for child in node:
            out += self.child(child, page)
            out += self.escaped(child.tail).lstrip() if out.endswith("\n") else self.escaped(child.tail)
        return out

    @staticmethod
    def escaped(text):
        return re.sub(r"([*_<>\[\]|])", r"\\\1", re.sub(r"\s+", " ", text or ""))

    def child(self, node, page):
        if node.tag == "para":
            return self.words(node, page).strip() + "\n\n"
        if node.tag == "computeroutput":
            return f"`{''.join(node.itertext())}`"
        if node.tag == "ref":
            return self.link("".join(node.itertext()), node.get("refid"), page)
        if node.tag == "itemizedlist":
            items = (self.words(item, page).strip().replace("\n\n", "\n\n    ") for item in node.findall("listitem"))
            return "\n\n" + "\n".join(f"- {item}" for item in items) + "\n\n"
        if node.tag in ("programlisting", "verbatim", "preformatted"):
            return f"\n\n```cpp\n{self.listing(node)}\n```\n\n"
        return BETWEEN.get(node.tag, self.words(node, page))

    def listing(self, node):
        def text(part):
            return BETWEEN.get(part.tag, "") + (part.text or "") + "".join(text(c) + (c.tail or "") for c in part)
        lines = node.findall("codeline")
        return "\n".join(text(line).rstrip() for line in lines) if lines else (node.text or "").strip("\n")

    def link(self, shown, target, page):
        header, anchor = self.places.get(target, (None, ""))
        shown = self.escaped(shown)
        if header is None or (not anchor and header == page):
            return shown
        return f"[{shown}]({pathlib.Path(header).stem}.md{'#' + anchor if anchor else ''})"

    def described(self, entity, page):
        return "".join(self.words(entity.find(part), page) for part in ("briefdescription", "detaileddescription")
                       if entity.find(part) is not None).strip()

    # Declarations

    def declaration(self, header, line):
        """The declaration's lines as they are, from `line` to where it ends or its body begins."""
        taken, depth = [], 0
        while re.match(r"\s*(template|requires)\b", self.texts[header][line - 2]):
            line -= 1
        for text in self.texts[header][line - 1:]:
            code = re.sub(r"\s*(//|/\*).*", "", text)
            depth += code.count("(") - code.count(")")
            taken.append(code)
            if depth == 0 and re.search(r"[;{}]", code) or text.startswith("#"):
                break
        taken[-1] = re.sub(r"(\)(?: const| noexcept)*)(?: : .*)? \{.*", r"\1;", taken[-1])
        indent = min(len(line) - len(line.lstrip()) for line in taken)
        return "\n".join(line[indent:] for line in taken)

    def target(self, entity):
        """Where a link to something without a heading leads."""
        anchor = self.places.get(entity.get("id"), ("", ""))[1]
        return f"<span id=\"{anchor}\"></span>" if anchor else ""

    @staticmethod
    def rows(entity):
        """(declaration, what it declares): values of an enumeration, fields of a structure."""
        if entity.get("kind") == "enum":
            return [(f"{value.findtext('name')} {value.findtext('initializer') or ''}".strip(), value)
                    for value in entity.findall("enumvalue")]
        fields = [m for m in entity.iterfind("sectiondef/memberdef") if m.get("kind") == "variable" and m.get("prot") == "public"]
        return [("".join("".join(field.find(part).itertext()) + space for part, space in
                         (("type", " "), ("name", ""), ("argsstring", " "), ("initializer", ""))
                         if field.find(part) is not None).strip(), field) for field in fields]

    def table(self, entity, page):
        """Those with what is said of them; without that a list is enough."""
        rows = [(declaration, re.sub(r"\s*\n+\s*", "<br>", self.described(part, page)), self.target(part))
                for declaration, part in self.rows(entity)]
        if rows and not any(words for _, words, _ in rows):
            return "{}\n\n```cpp\n{}\n```".format("".join(row[2] for row in rows), "\n".join(row[0] for row in rows))
        if not rows:
            return ""
        head = "| value | |" if entity.get("kind") == "enum" else "| field | |"
        return f"{head}\n|---|---|\n" + "".join(f"| {target}`{declaration.replace('|', chr(92) + '|')}` | {words} |\n"
                                               for declaration, words, target in rows)

    def page(self, header):
        """A page: the first comment of the file, then everything in its order."""
        compound = next(c for c in self.compounds.values() if c.get("kind") == "file" and c.findtext("compoundname") == header)
        out = f"# minnow/{header}\n\n{self.described(compound, header)}\n\n"
        entries = sorted(self.entries[header], key=lambda entry: entry[0])
        shown = [(line, e) for line, e in entries if e.get("kind") not in ("variable", "friend") or e.get("id").count("namespace")]
        groups = []
        for line, entity in shown:  # what has no comment belongs to what stands before it
            alone = self.described(entity, header) or self.rows(entity) or not groups or entity.find("compoundname") is not None
            groups.append([(line, entity)]) if alone else groups[-1].append((line, entity))
        return out + "".join(self.group(group, header) for group in groups)

    def group(self, group, header):
        _, first = group[0]
        scoped = first.findtext("compoundname") or first.findtext("qualifiedname") or first.findtext("name")
        name = re.sub(r"^minnow::", "", scoped)
        is_type = first.find("compoundname") is not None or first.get("kind") == "enum"
        declared = dict.fromkeys(self.declaration(header, line) for line, _ in group[is_type:])
        code = "```cpp\n" + "\n".join(declared) + "\n```" if declared else ""
        parts = [f"{'##' if is_type else '###'} {name} {{ #{self.places[first.get('id')][1]} }}",
                 "".join(self.target(entity) for _, entity in group[1:]), code if not is_type else "",
                 self.described(first, header), self.table(first, header), code if is_type else ""]
        return "\n\n".join(part for part in parts if part) + "\n\n"


def pages(output):
    reference = Reference(output)
    return {f"{pathlib.Path(header).stem}.md": reference.page(header) for header in sorted(reference.texts)}
