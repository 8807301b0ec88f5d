"""Check that bundled distributions fit together: `check-requirements.py PYPROJECT FOLDER...`

They are installed without resolving dependencies, each from its pin. Prints every requirement of the
project and of what is bundled that nothing in the folders meets, and exits with 1 if there is one.
"""

import sys
import tomllib
from importlib import metadata
from pathlib import Path

from pip._vendor.packaging.requirements import Requirement  # what installed them
from pip._vendor.packaging.utils import canonicalize_name

project = tomllib.loads(Path(sys.argv[1]).read_text("utf-8"))["project"]
bundled = {
    canonicalize_name(one.metadata["Name"]): one
    for one in metadata.distributions(path=sys.argv[2:])
}
wanted = {project["name"]: project["dependencies"]}
wanted |= {name: one.requires or [] for name, one in bundled.items()}
unmet = []
for name, lines in wanted.items():
    for requirement in map(Requirement, lines):
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        found = bundled.get(canonicalize_name(requirement.name))
        if found is None or not requirement.specifier.contains(found.version):
            there = found.version if found else "nothing"
            unmet.append(f"{name} requires {requirement}, and there is {there}")
print("\n".join(unmet))
sys.exit(1 if unmet else 0)
