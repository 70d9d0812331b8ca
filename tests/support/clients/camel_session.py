# A session of Evolution's library (Camel's IMAPX, with QRESYNC) with the server: PORT LOGIN PASSWORD.
# INBOX has "first", "second" and odd mail.
import imaplib
import sys
import tempfile

import gi

gi.require_version("Camel", "1.2")
from gi.repository import Camel

PORT, LOGIN, PASSWORD = sys.argv[1:]
ODD = ["Grüße & Küsse", "日本語", "100% sure", "[x] (y)"]


def check(held, what):
    if not held:
        raise AssertionError(what)


class Session(Camel.Session):
    def do_authenticate_sync(self, service, mechanism, cancellable):
        return service.authenticate_sync(mechanism, cancellable) == Camel.AuthenticationResult.ACCEPTED

    def do_get_socks_proxy(self, *arguments):
        return None


def connect(folder):
    session = Session(user_data_dir=folder + "/data", user_cache_dir=folder + "/cache")
    session.set_online(True)
    store = session.add_service("test", "imapx", Camel.ProviderType.STORE)
    store.set_password(PASSWORD)
    settings = store.get_property("settings")
    for name, value in [("host", "127.0.0.1"), ("port", int(PORT)), ("user", LOGIN), ("auth-mechanism", "PLAIN"),
                        ("security-method", Camel.NetworkSecurityMethod.NONE), ("use-qresync", True)]:
        settings.set_property(name, value)
    store.set_online_sync(True, None)
    store.connect_sync(None)
    return session, store


def folders(store):
    for name in ODD:
        store.create_folder_sync(None, name, None)
        store.subscribe_folder_sync(name, None)
        store.rename_folder_sync(name, name + "2", None)
        check(store.get_folder_sync(name + "2", 0, None), name)
        store.delete_folder_sync(name + "2", None)


def messages(store, other):
    inbox = store.get_folder_sync("INBOX", 0, None)
    inbox.refresh_info_sync(None)
    count = inbox.get_message_count()
    check(count == int(other.select("INBOX")[1][0]), count)
    for uid in range(1, count + 1):
        check(inbox.get_message_sync(str(uid), None), uid)
    store.create_folder_sync(None, "Neues", None)
    there = store.get_folder_sync("Neues", 0, None)
    inbox.set_message_flags("1", Camel.MessageFlags.FLAGGED, Camel.MessageFlags.FLAGGED)
    inbox.set_message_user_flag("2", "$Label1", True)
    inbox.synchronize_sync(False, None)
    inbox.transfer_messages_to_sync(["1", "2"], there, False, None)
    inbox.transfer_messages_to_sync(["3"], there, True, None)
    there.append_message_sync(inbox.get_message_sync("4", None), inbox.get_message_info("4"), None)
    there.refresh_info_sync(None)
    check(there.get_message_count() == 4, there.get_message_count())
    inbox.set_message_flags("4", Camel.MessageFlags.DELETED, Camel.MessageFlags.DELETED)
    inbox.expunge_sync(None)
    check(inbox.get_message_count() == count - 2, inbox.get_message_count())
    other.noop()
    check(other.uid("SEARCH", "FLAGGED")[1] == [b"1"], "the flag")
    check(other.uid("SEARCH", "KEYWORD", "$Label1")[1] == [b"2"], "the keyword")
    return inbox, count - 2


def comes_back(store, other, inbox, count):
    store.disconnect_sync(True, None)
    other.uid("STORE", "5", "+FLAGS", "(\\Deleted)")
    other.expunge()
    other.uid("STORE", "6", "+FLAGS", "(\\Flagged)")
    store.connect_sync(None)
    inbox.refresh_info_sync(None)
    check(inbox.get_message_count() == count - 1, inbox.get_message_count())
    check(inbox.get_message_flags("6") & Camel.MessageFlags.FLAGGED, "flagged elsewhere")
    check(inbox.get_message_info("5") is None, "expunged elsewhere")


with tempfile.TemporaryDirectory() as folder:
    Camel.init(folder, False)
    Camel.provider_init()
    session, store = connect(folder)
    other = imaplib.IMAP4("127.0.0.1", int(PORT))
    other.login(LOGIN, PASSWORD)
    folders(store)
    inbox, count = messages(store, other)
    comes_back(store, other, inbox, count)
    store.disconnect_sync(True, None)
    print("all well", flush=True)
