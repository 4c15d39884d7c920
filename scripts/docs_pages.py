"""What the docs site adds to the pages of docs/ (mkdocs.yml): the first page is README.md, CONTRIBUTING.md and CHANGELOG.md are
pages, the reference of the headers is made of them, and links between all of them lead where they lead in the repository."""
import pathlib
import re
import sys

from mkdocs.structure.files import File, Files

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))
import docs_reference  # noqa: E402

FROM_ROOT = {"README.md": "index.md", "CONTRIBUTING.md": "CONTRIBUTING.md", "CHANGELOG.md": "CHANGELOG.md"}
OF_PYTHON = "# Python\n\n::: minnow\n\n## minnow.vision\n\n::: minnow.vision\n"


def on_files(files: Files, config):
    """The pages of the root, written as they would stand in docs/, and the reference."""
    for name, page in FROM_ROOT.items():
        text = re.sub(r"\]\(docs/", "](", (ROOT / name).read_text()).replace("](README.md", "](index.md")
        files.append(File.generated(config, page, content=text))
    reference = docs_reference.pages(ROOT / "build/reference") | {"python.md": OF_PYTHON}
    for name, text in reference.items():
        files.append(File.generated(config, f"reference/{name}", content=text))
    return files


def on_page_markdown(markdown, page, config, files):
    """Links out of docs/."""
    return re.sub(r"\]\((\.\./)+README\.md", "](" + "../" * page.url.count("/") + "index.md", markdown)
