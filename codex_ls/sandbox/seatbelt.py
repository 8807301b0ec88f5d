"""The policy as a profile of macOS' `sandbox-exec`.

Deny by default; paths go in as parameters, so that no character of a folder's name is read as the
profile's language. The allowed services are those that shells and compilers need, as in Codex's profile.
"""

from collections.abc import Sequence
from pathlib import Path

from codex_ls.sandbox.policy import PROTECTED_NAMES, Policy

PROGRAM = Path("/usr/bin/sandbox-exec")

_BASE = """(version 1)
(deny default)
(allow process-exec)
(allow process-fork)
(allow signal (target same-sandbox))
(allow process-info* (target same-sandbox))
(allow file-read*)
(allow file-write-data (literal "/dev/null") (literal "/dev/zero") (literal "/dev/tty"))
(allow file-ioctl (literal "/dev/null"))
(allow sysctl-read)
(allow ipc-posix-sem)
(allow pseudo-tty)
(allow user-preference-read)
(allow mach-lookup
  (global-name "com.apple.system.opendirectoryd.libinfo")
  (global-name "com.apple.PowerManagement.control"))
"""

_NETWORK = """(allow network-outbound)
(allow network-inbound)
(allow system-socket)
(allow mach-lookup
  (global-name "com.apple.SystemConfiguration.configd")
  (global-name "com.apple.SecurityServer")
  (global-name "com.apple.networkd")
  (global-name "com.apple.trustd.agent"))
"""


def seatbelt_argv(policy: Policy, command: Sequence[str]) -> list[str]:
    """Return the command line that runs `command` under a policy."""
    profile, parameters = seatbelt_profile(policy)
    defined = [f"-D{name}={value}" for name, value in parameters.items()]
    return [str(PROGRAM), "-p", profile, *defined, "--", *command]


def seatbelt_profile(policy: Policy) -> tuple[str, dict[str, str]]:
    """Return the profile and the values of its parameters."""
    rules, parameters = [_BASE], {}
    for number, path in enumerate(policy.hidden):
        parameters[f"HIDDEN_{number}"] = str(path)
        rules.append(f'(deny file-read* (subpath (param "HIDDEN_{number}")))\n')
    protected = [path for path in policy.protected if path.name not in PROTECTED_NAMES]
    for number, path in enumerate(protected):
        parameters[f"PROTECTED_{number}"] = str(path)
    for number, root in enumerate(policy.writable_roots):
        name = f"ROOT_{number}"
        parameters[name] = str(root)
        conditions = [f'(subpath (param "{name}"))']
        for place, entry in enumerate(PROTECTED_NAMES):
            parameters[f"{name}_{place}"] = str(root / entry)
            conditions += [
                f'(require-not ({kind} (param "{name}_{place}")))'
                for kind in ("literal", "subpath")
            ]
        conditions += [
            f'(require-not (subpath (param "PROTECTED_{place}")))'
            for place in range(len(protected))
        ]
        rules.append(f"(allow file-write* (require-all {' '.join(conditions)}))\n")
    if policy.has_network:
        rules.append(_NETWORK)
    return "".join(rules), parameters
