"""Notices by mail on a whole machine: without a server they become files, each one."""

from email import message_from_bytes
from email.policy import default
from pathlib import Path

from infra.mail.overview import counts
from tests.e2e.machine import Machine, wait_until


def mails_about(machine: Machine, document: str) -> list[str]:
    """Return to whom there are mails that name the document."""
    files = machine.settings.mail_folder.glob("*.eml")
    found = [message_from_bytes(path.read_bytes(), policy=default) for path in files]
    return sorted(str(each["To"]) for each in found if document in str(each))


def test_tasks_and_decisions_become_mails_though_every_role_is_killed(machine: Machine) -> None:
    assert machine.settings.mail_folder == Path(machine.installation.home.folder) / "mail"
    with machine.client("root") as root:
        for login in ("ann", "cho"):
            body = {"address": f"{login}@example.org"}
            outcome = root.command("PUT", f"/v1/people/{login}/address", body)
            root.get("/v1/me", after_position=outcome["position"])
    documents = []
    with machine.client("ann") as ann, machine.client("cho") as cho:
        for name in ("jobs", "scheduler", "worker"):
            note = machine.a_note("to be told of")
            path = f"/v1/documents/{note['document']}"
            submitted = ann.command("POST", f"{path}/submit")
            pid = machine.kill(name)
            cho.get("/v1/me", after_position=submitted["position"])
            revision = cho.get(path)["revision"]
            cho.command("POST", f"{path}/approve", {"revision": revision})
            machine.wait_until_back(name, pid)
            documents.append(note["document"])
    for document in documents:
        wait_until(
            lambda document=document: (
                mails_about(machine, document) == ["ann@example.org", "cho@example.org"]
            ),
            "both are told",
        )
    wait_until(lambda: counts(machine.parts.writing)["waiting"] == 0, "all is sent")
    found = counts(machine.parts.writing)
    assert found["sent"] == len(list(machine.settings.mail_folder.glob("*.eml")))
    assert (found["sending"], found["uncertain"]) == (0, 0)
