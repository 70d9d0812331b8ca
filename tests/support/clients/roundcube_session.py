"""A session of a browser with Roundcube and so with the server: URL LOGIN PASSWORD. INBOX has "first", "second" and odd mail."""

import re
import sys

from playwright.sync_api import expect, sync_playwright

url, login, password = sys.argv[1:4]
PATIENCE = 20_000


class Roundcube:
    """What a user does in the browser."""

    def __init__(self, page):
        self.page = page

    def log_in(self):
        self.page.goto(url)
        self.page.fill("#rcmloginuser", login)
        self.page.fill("#rcmloginpwd", password)
        self.page.click("#rcmloginsubmit")
        self.page.wait_for_selector("#mailboxlist")

    def open(self, mailbox):
        """Follows the link of a mailbox, which must be in the tree, and waits for its messages."""
        self.page.goto(f"{url}/?_task=mail")
        folder = self.page.locator(link(mailbox))
        expect(folder).to_have_count(1)
        with self.page.expect_response(lambda response: "_action=list" in response.url):
            self.page.goto(f"{url}/{folder.get_attribute('href')}")
        self.idle()

    def idle(self):
        self.page.wait_for_function("!rcmail.busy")

    def row(self, subject):
        return self.page.locator("#messagelist tr.message:visible", has=self.page.get_by_text(subject, exact=True))

    def select(self, subject):
        self.row(subject).locator("td.subject").click()
        expect(self.row(subject)).to_have_class(re.compile("selected"))

    def count(self):
        return self.page.locator("#messagelist tr.message:visible").count()

    def delete(self, subject):
        self.select(subject)
        # The button can be pressed once the message is shown beside the list.
        self.page.frame_locator("#messagecontframe").locator("#messagebody").wait_for()
        self.idle()
        self.page.click("a.delete:visible:not(.disabled)")
        self.done(subject)

    def done(self, subject):
        """Waits until the message has gone, and the server has said so."""
        expect(self.page.get_by_text("successfully")).to_have_count(1)
        expect(self.row(subject)).to_have_count(0)

    def move(self, subject, mailbox):
        """Drags a message onto a mailbox of the tree."""
        mouse = self.page.mouse
        message = self.row(subject).locator("td.subject").bounding_box()
        target = self.page.locator(link(mailbox)).bounding_box()
        mouse.move(message["x"] + 20, message["y"] + 10)
        mouse.down()
        mouse.move(target["x"] + 20, target["y"] + 10, steps=8)
        mouse.up()
        self.done(subject)

    def read(self, subject):
        self.row(subject).locator("td.subject").dblclick()
        self.page.wait_for_selector("#messagebody")
        return self.page.inner_text("#messagebody")

    def subscribe(self, mailbox):
        self.page.goto(f"{url}/?_task=settings&_action=folders")
        box = self.page.locator(f'#subscription-table input[value="{mailbox}"]')
        with self.page.expect_response(lambda response: "_action=subscribe" in response.url):
            box.check(force=True)

    def create(self, mailbox):
        self.page.goto(f"{url}/?_task=settings&_action=folders")
        self.page.click("a.create")
        frame = self.page.frame_locator("#preferences-frame")
        frame.locator("#_name").fill(mailbox)
        frame.locator("button.submit").click()
        expect(self.page.locator("#subscription-table a", has_text=mailbox)).to_have_count(1)

    def search(self, words):
        self.page.fill("#mailsearchform", words)
        with self.page.expect_response(lambda response: "_action=search" in response.url):
            self.page.press("#mailsearchform", "Enter")
        self.idle()


def link(mailbox):
    """What chooses the link of a mailbox in the tree."""
    return "#mailboxlist a[rel='" + mailbox + "']"


def session(page):
    box = Roundcube(page)
    box.log_in()
    box.open("INBOX")
    before = box.count()
    assert "The first." in box.read("first")
    box.open("INBOX")
    box.search("second")
    expect(box.row("second")).to_have_count(1)
    assert box.count() == 1
    box.create('Räume & "Türen"')
    box.open("INBOX")
    box.move("second", 'R&AOQ-ume &- "T&APw-ren"')
    box.delete("first")
    box.open("Trash")
    box.delete("first")
    box.subscribe("Deleted Messages/Trash")
    box.open("Deleted Messages/Trash")
    assert "The first." in box.read("first")
    box.open("Deleted Messages/Trash")
    box.move("first", "INBOX")
    box.open("INBOX")
    assert "The first." in box.read("first")
    box.open("INBOX")
    assert box.count() == before - 1, (box.count(), before)


with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.set_default_timeout(PATIENCE)
    page.on("dialog", lambda dialog: dialog.accept())
    try:
        session(page)
    except BaseException:
        page.screenshot(path="/tmp/roundcube.png")
        raise
    browser.close()
print("all well")
