"""The ``iamd`` command: one file per subcommand, each importing what it needs only when it runs."""

import click

from iamd import __version__
from iamd.cli.backup import backup
from iamd.cli.check import check
from iamd.cli.credential_process import credential_process
from iamd.cli.evaluate import evaluate
from iamd.cli.events import events
from iamd.cli.explain import explain
from iamd.cli.mfa import mfa
from iamd.cli.quota import quota
from iamd.cli.restore import restore
from iamd.cli.rotate_master_key import rotate_master_key
from iamd.cli.run import run
from iamd.cli.serve import serve
from iamd.cli.store import store
from iamd.cli.test import test
from iamd.cli.workload import workload


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="iamd")
def main() -> None:
    """Identity and access management, wire-compatible with AWS IAM and STS.

    \b
    Start a server, and follow what it prints:
      iamd serve
    Its data lives in one directory, ~/.local/share/iamd unless --data-dir names another:
      iamd backup iamd.backup
      iamd check
    Who did what, and requests to raise quotas, which wait for an operator:
      iamd events --since 1d
      iamd quota requests
    Policies are tried without a server:
      iamd evaluate cases.jsonl
      iamd test policies/
      iamd explain case.json
    Processes get credentials of roles, without a key in code:
      iamd run --role Reader -- aws sts get-caller-identity
      iamd workload serve instances.toml

    Every command shows examples: iamd COMMAND --help.
    """


for command in (
    serve,
    backup,
    restore,
    check,
    rotate_master_key,
    store,
    quota,
    events,
    mfa,
    evaluate,
    test,
    explain,
    run,
    workload,
    credential_process,
):
    main.add_command(command)
