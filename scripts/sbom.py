#!/usr/bin/env python3
"""A release's bill of materials in SPDX 2.3: every artefact with its checksums, what of others is in it (packaging/dependencies.tsv) in
the versions of this machine's Debian packages, and how. By spdx-tools, which checks it against the standard.

Usage: sbom.py FOLDER VERSION COMMIT      (the time is SOURCE_DATE_EPOCH; writes FOLDER/minnow-VERSION.spdx.json)
"""
import datetime
import hashlib
import os
import pathlib
import subprocess
import sys

from spdx_tools.common.spdx_licensing import spdx_licensing
from spdx_tools.spdx.model import (Actor, ActorType, Checksum, ChecksumAlgorithm, CreationInfo, Document, File, Package,
                                   Relationship, RelationshipType, SpdxNoAssertion)
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document
from spdx_tools.spdx.writer.write_anything import write_file

ROOT = pathlib.Path(__file__).resolve().parent.parent
HOW = {"compiled in": RelationshipType.STATIC_LINK, "linked": RelationshipType.DYNAMIC_LINK}
LICENCE = spdx_licensing.parse("Apache-2.0")


def spdx_id(kind, name):
    return f"SPDXRef-{kind}-{''.join(c if c.isalnum() or c in '.-' else '-' for c in name)}"


def dependencies():
    for line in (ROOT / "packaging/dependencies.tsv").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            yield line.split("\t")


def debian_version(package):
    """As upstream counts, without Debian's epoch and revision."""
    version = subprocess.run(["dpkg-query", "-W", "-f=${Version}", package], capture_output=True, text=True, check=True).stdout
    return version.split(":")[-1].rsplit("-", 1)[0]


def package_of(name, debian, licence, why):
    return Package(spdx_id("Package", name), name, SpdxNoAssertion(), version=debian_version(debian), files_analyzed=False,
                   license_concluded=spdx_licensing.parse(licence), license_declared=spdx_licensing.parse(licence),
                   copyright_text=SpdxNoAssertion(), comment=f"{why}; Debian's {debian}")


def file_of(path):
    data = path.read_bytes()
    sums = [Checksum(ChecksumAlgorithm.SHA1, hashlib.sha1(data).hexdigest()),  # which the standard wants of every file
            Checksum(ChecksumAlgorithm.SHA256, hashlib.sha256(data).hexdigest())]
    return File(f"./{path.name}", spdx_id("File", path.name), sums, license_concluded=LICENCE,
                license_info_in_file=[SpdxNoAssertion()], copyright_text=SpdxNoAssertion())


def document_of(folder, version, commit):
    name = f"minnow-{version}"
    created = datetime.datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), datetime.timezone.utc).replace(tzinfo=None)
    about = CreationInfo("SPDX-2.3", "SPDXRef-DOCUMENT", name, f"https://minnow.invalid/spdx/{name}-{commit}",
                         [Actor(ActorType.TOOL, "minnow scripts/sbom.py")], created)
    minnow = Package("SPDXRef-Package-minnow", "minnow", SpdxNoAssertion(), version=version, files_analyzed=False,
                     license_concluded=LICENCE, license_declared=LICENCE, copyright_text=SpdxNoAssertion(),
                     comment=f"commit {commit}")
    files = [file_of(path) for path in sorted(folder.iterdir())]
    others = [(package_of(name, debian, licence, why), HOW[how]) for name, debian, licence, how, why in dependencies()]
    related = [Relationship("SPDXRef-DOCUMENT", RelationshipType.DESCRIBES, minnow.spdx_id)]
    related += [Relationship(file.spdx_id, RelationshipType.GENERATED_FROM, minnow.spdx_id) for file in files]
    related += [Relationship(minnow.spdx_id, how, other.spdx_id) for other, how in others]
    return Document(about, [minnow] + [other for other, _ in others], files, relationships=related)


def main():
    folder, version, commit = pathlib.Path(sys.argv[1]), *sys.argv[2:]
    document = document_of(folder, version, commit)
    problems = validate_full_spdx_document(document)
    for problem in problems:
        print(f"sbom.py: {problem.validation_message}", file=sys.stderr)
    if problems:
        return 1
    write_file(document, str(folder / f"minnow-{version}.spdx.json"), validate=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
