"""A session at the screen of Alpine with the server: PORT LOGIN PASSWORD FOLDER. INBOX has "first" and "second"."""

import os
import pty
import re
import select
import sys
import time

port, login, password, folder = sys.argv[1:5]
PATIENCE = 20


class Terminal:
    """A program at a terminal, and what it has written there since it was last looked for."""

    def __init__(self, arguments):
        self.screen = ""
        self.pid, self.file = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="vt100", HOME=folder, COLUMNS="100", LINES="30")
            os.execvp(arguments[0], arguments)

    def wait_for(self, text):
        """Waits until the text appears; what came before it is forgotten."""
        end = time.monotonic() + PATIENCE
        while True:
            plain = self.plain()
            if text in plain:
                self.screen = plain[plain.index(text) + len(text) :]
                return
            assert time.monotonic() < end, f"{text!r} does not come: {plain[-2000:]!r}"
            self.read(0.2)

    def plain(self):
        """The screen without what moves the cursor and changes the colours."""
        return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[()][A-Z0-9]|[\x00\x0e\x0f]", "", self.screen)

    def read(self, seconds):
        """Reads what comes within these seconds at most."""
        if select.select([self.file], [], [], seconds)[0]:
            self.screen += os.read(self.file, 65536).decode("utf-8", "replace")

    def type(self, keys):
        os.write(self.file, keys.encode())

    def answer(self, key):
        """
        Answers a question, whose last choice is No, until that is taken: Alpine throws away what was typed before
        it waits for the answer, which is a moment after it has shown the question, and shows something at once when
        it takes one.
        """
        self.wait_for("N No")
        self.screen = ""
        end = time.monotonic() + PATIENCE
        while not self.plain().strip():
            assert time.monotonic() < end, f"{key!r} is no answer"
            self.type(key)
            self.read(1)


rc = os.path.join(folder, "pinerc")
inbox = "{127.0.0.1:%s/user=%s/notls/novalidate-cert}" % (port, login)
with open(rc, "w") as file:
    file.write(
        f"personal-name=Anna\ninbox-path={inbox}INBOX\nfolder-collections=Mail {inbox}[]\n"
        "feature-list=quit-without-confirm,expunge-without-confirm-everywhere,enable-aggregate-command-set,"
        "auto-move-read-msgs,disable-save-input-history,no-quell-timezone-comment-when-sending\n"
        ""
    )
alpine = Terminal(["alpine", "-p", rc])
alpine.wait_for("Exit this greeting")
alpine.type("e")
alpine.wait_for("PASSWORD")
alpine.type(password + "\r")
alpine.wait_for("Preserve password")
alpine.answer("n")
alpine.wait_for("2 Messages")
alpine.type("i")
alpine.wait_for("second")
# Into the first message, and back to the list.
alpine.type("1\r\r")
alpine.wait_for("The first.")
alpine.type("s")
alpine.wait_for("SAVE")
alpine.type("\x15Kept\r")
alpine.wait_for("Create")
alpine.answer("y")
alpine.wait_for("U Undelete")
alpine.type("i")
alpine.wait_for("second")
alpine.type("x")
alpine.wait_for("message expunged from")
alpine.type("q")
os.waitpid(alpine.pid, 0)
print("all well")
