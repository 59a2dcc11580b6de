"""What the page says of what one writes, submits, decides and gives up."""

from playwright.sync_api import expect

from tests.e2e.browsing import EQUIPMENT, VALUES, Office


def drafted(office: Office, **values: object) -> str:
    with office.machine.client("emil") as emil:
        body = {"definition": "equipment", "values": {**VALUES, **values}}
        created = emil.command("POST", "/v1/documents", body)
        emil.get("/v1/me", after_position=created["position"])
    return str(created["document"])


def test_a_draft_is_discarded_after_a_question_and_nothing_more_can_be_done(
    office: Office,
) -> None:
    document = drafted(office, subject="A kiln that nobody wants")
    with office.visitor("emil") as asker:
        page = asker.page
        asker.open(document)
        page.get_by_role("button", name="Discard").click()
        question = page.get_by_role("dialog")
        expect(question).to_contain_text("Discard this draft for good?")
        page.keyboard.press("Escape")
        expect(question).to_have_count(0)
        expect(page.locator("article .status")).to_have_text("Draft")
        page.get_by_role("button", name="Discard").click()
        question.get_by_role("button", name="Keep it").click()
        expect(page.locator("article .status")).to_have_text("Draft")
        page.get_by_role("button", name="Discard").click()
        question.get_by_role("button", name="Discard it").click()
        expect(page.locator("article .status")).to_have_text("Discarded")
        expect(page.locator("#outcome")).to_have_text("You discarded it.")
        expect(page.locator(".timeline")).to_contain_text("Emil Sørensen discarded the draft.")
        for name in ("Submit", "Change", "Discard", "Comment"):
            expect(page.get_by_role("button", name=name, exact=True)).to_have_count(0)
        expect(page.get_by_label("Line manager: comes later")).to_have_count(0)
        page.get_by_role("link", name="Documents").click()
        expect(page.locator(f"#document-{document}")).to_contain_text("Discarded")
        assert asker.errors == []


def test_what_was_submitted_stays_in_view_beside_the_list_that_has_it(office: Office) -> None:
    title = "A kiln that stays in view"
    with office.visitor("emil") as asker:
        page = asker.page
        page.goto(f"{asker.url}/#/new/equipment")
        page.get_by_label("What is needed").fill(title)
        page.get_by_label("Cost", exact=True).fill("20.00")
        page.get_by_role("button", name="Save the draft").click()
        expect(page.locator("#outcome")).to_contain_text("It is saved")
        expect(page.locator("article .status")).to_have_text("Draft")
        expect(page.locator("#tab-documents")).to_have_attribute("aria-current", "page")
        expect(page.locator("#list").get_by_role("link", name=title)).to_contain_text("Draft")
        page.get_by_role("link", name="Change").click()
        page.get_by_role("button", name="Submit").click()
        expect(page.locator("#outcome")).to_have_text("It is in circulation.")
        expect(page.locator("article .status")).to_have_text("In circulation")
        expect(page.get_by_role("heading", name=title)).to_be_visible()
        listed = page.locator("#list").get_by_role("link", name=title)
        expect(listed).to_contain_text("In circulation")
        assert asker.errors == []


def test_a_rejection_is_told_otherwise_than_a_success(office: Office) -> None:
    tones = {}
    with office.visitor("haru") as lead:
        for verdict in ("Approve", "Reject"):
            lead.open(office.submitted(subject=f"A kiln to {verdict}"))
            lead.page.get_by_label("Comment, or reason").fill("So.")
            lead.page.get_by_role("button", name=verdict).click()
            expect(lead.page.locator("#outcome")).to_contain_text("You")
            tones[verdict] = lead.page.locator("#outcome").evaluate(
                "element => getComputedStyle(element).color"
            )
            expect(lead.page.locator("#decision-text")).to_have_count(0)
    assert tones["Approve"] != tones["Reject"]


def test_a_form_reads_well(office: Office) -> None:
    with office.visitor("emil") as asker:
        page = asker.page
        page.goto(f"{asker.url}/#/new/equipment")
        expect(page.locator("input#field-subject")).to_be_visible()
        expect(page.locator("textarea#field-reason")).to_be_visible()
        choice = page.get_by_label("Category")
        assert choice.locator("option").all_inner_texts() == [
            "—",
            *(each.capitalize() for each in EQUIPMENT["fields"][4]["choices"]),
        ]
        page.get_by_label("What is needed").fill("A kiln")
        page.get_by_label("Cost", exact=True).fill("a lot")
        page.get_by_role("button", name="Save the draft").click()
        expect(page.locator("#field-cost-problem")).to_have_text(
            "The value is a number, as 1234.50."
        )
        page.get_by_label("Cost", exact=True).fill("1.00")
        choice.select_option(label="Furniture")
        page.get_by_role("button", name="Save the draft").click()
        expect(page.locator(".value.choice dd")).to_have_text("Furniture")


def test_a_subject_of_several_lines_loses_none_of_them(office: Office) -> None:
    document = drafted(office, subject="A kiln\nand a shelf")
    with office.visitor("emil") as asker:
        asker.page.goto(f"{asker.url}/#/documents/{document}/edit")
        expect(asker.page.locator("textarea#field-subject")).to_have_value("A kiln\nand a shelf")
        asker.page.get_by_label("Pieces optional").fill("3")
        asker.page.get_by_role("button", name="Save the draft").click()
        expect(asker.page.locator("article .status")).to_have_text("Draft")
    with office.machine.client("emil") as emil:
        found = emil.get(f"/v1/documents/{document}")["values"]
    assert (found["subject"], found["pieces"]) == ("A kiln\nand a shelf", 3)
