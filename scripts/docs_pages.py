"""What the docs site adds to the pages of docs/ (mkdocs.yml): the first page is README.md, CONTRIBUTING.md and CHANGELOG.md are
pages, and links between all of them lead where they lead in the repository."""
import pathlib
import re

from mkdocs.structure.files import File, Files

ROOT = pathlib.Path(__file__).resolve().parents[1]
FROM_ROOT = {"README.md": "index.md", "CONTRIBUTING.md": "CONTRIBUTING.md", "CHANGELOG.md": "CHANGELOG.md"}


def on_files(files: Files, config):
    """The pages of the root, written as they would stand in docs/."""
    for name, page in FROM_ROOT.items():
        text = re.sub(r"\]\(docs/", "](", (ROOT / name).read_text()).replace("](README.md", "](index.md")
        files.append(File.generated(config, page, content=text))
    return files


def on_page_markdown(markdown, page, config, files):
    """Links out of docs/."""
    return re.sub(r"\]\(\.\./README\.md", "](index.md", markdown)
