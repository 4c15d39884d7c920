"""Where real models are: for tests that need some and are skipped without."""
import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[1]


def find(file):
    """A file of that name in ../shared/models, .cache/npm or the folders of $MINNOW_MODELS, or None."""
    folders = [ROOT / "../shared/models", ROOT / ".cache/npm",
               *map(pathlib.Path, filter(None, os.environ.get("MINNOW_MODELS", "").split(":")))]
    return next((path.resolve() for folder in folders if folder.is_dir() for path in folder.rglob(file)), None)
