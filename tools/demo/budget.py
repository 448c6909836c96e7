"""Uses an I Hate Money workspace through its pages: opens a budget, adds people and a bill, finds it again."""

import secrets

from demo import browser

BILL = "Boat to the island"
AMOUNT = "42.50"
PEOPLE = ("Ada", "Grace")


async def split_a_bill(visitor: browser.Browser, url: str, *, email: str, admin_password: str) -> str:
    """Open a budget as the administrator, add a bill, and return the address of the list that shows it.

    Raises:
        PageUnexpectedError: a page is missing, or the list does not show the bill.
    """
    blank = await visitor.open(f"{url}/create")
    if "/admin" in blank.url:
        blank = await visitor.send(blank, blank.form(having="admin_password"), admin_password=admin_password)
    project = f"trip-{secrets.token_hex(3)}"
    fields = {"id": project, "name": "A trip", "password": secrets.token_hex(8), "contact_email": email}
    await visitor.send(blank, blank.form(having="contact_email"), **fields)
    for person in PEOPLE:
        page = await visitor.open(f"{url}/{project}/")
        await visitor.send(page, page.form(action=f"/{project}/members/add"), name=person)
    blank_bill = await visitor.open(f"{url}/{project}/add")
    bill = blank_bill.form(having="what")
    payer = bill.options["payer"][-1]
    await visitor.send(blank_bill, bill, what=BILL, amount=AMOUNT, payer=payer)
    shown = await visitor.open(f"{url}/{project}/")
    if BILL not in shown.text or AMOUNT not in shown.text:
        message = f"{shown.url} does not show the bill “{BILL}” over {AMOUNT}."
        raise browser.PageUnexpectedError(message)
    return shown.url
