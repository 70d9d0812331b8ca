<?php
// A session of PHP's imap (the c-client of Alpine) with the server: PORT LOGIN PASSWORD.
// INBOX has "first", "second" and odd mail.
error_reporting(E_ALL);
[, $port, $login, $password] = $argv;
$server = "{127.0.0.1:$port/imap/notls}";

function check($held, $what) {
    if (!$held) {
        throw new Exception(json_encode($what) . ' ' . json_encode(imap_errors()));
    }
    return $held;
}

function folders($mailbox, $server) {
    foreach (['Grüße & Küsse', '日本語', 'with "quotes"', '100%', '[x] (y)'] as $name) {
        $name = mb_convert_encoding($name, 'UTF7-IMAP', 'UTF-8');
        check(imap_createmailbox($mailbox, $server . $name), "create $name");
        check(imap_subscribe($mailbox, $server . $name), "subscribe $name");
        check(in_array($server . $name, imap_lsub($mailbox, $server, '*')), "lsub $name");
        check(imap_append($mailbox, $server . $name, "Subject: x\r\n\r\nhi\r\n", '\\Seen $Label'), "append $name");
        check(imap_status($mailbox, $server . $name, SA_ALL)->messages === 1, "status $name");
        check(imap_renamemailbox($mailbox, $server . $name, $server . $name . '2'), "rename $name");
        check(imap_unsubscribe($mailbox, $server . $name), "unsubscribe $name");
        check(imap_deletemailbox($mailbox, $server . $name . '2'), "delete $name");
    }
}

function reading($mailbox, $count) {
    check(count(imap_fetch_overview($mailbox, '1:*')) === $count, 'overview');
    for ($number = 1; $number <= $count; $number++) {
        check(imap_headerinfo($mailbox, $number), "header $number");
        check(imap_fetchstructure($mailbox, $number), "structure $number");
        check(is_string(imap_fetchbody($mailbox, $number, '1', FT_PEEK)), "part of $number");
        $whole = imap_fetchheader($mailbox, $number) . imap_body($mailbox, $number, FT_PEEK);
        check(strlen($whole) === imap_fetch_overview($mailbox, $number)[0]->size, "octets of $number");
    }
    check(imap_search($mailbox, 'SUBJECT "first"', SE_UID) === [1], 'search');
    check(imap_search($mailbox, 'TEXT "The second" UNSEEN', SE_UID, 'UTF-8') === [2], 'search in UTF-8');
    foreach ([SORTDATE, SORTARRIVAL, SORTFROM, SORTSUBJECT, SORTTO, SORTCC, SORTSIZE] as $key) {
        check(count(imap_sort($mailbox, $key, true, SE_UID)) === $count, "sort $key");
    }
    check(imap_thread($mailbox, SE_UID), 'thread');
}

function changing($mailbox, $server, $count) {
    check(imap_setflag_full($mailbox, '1:2', '\\Flagged \\Answered'), 'flags');
    check(imap_clearflag_full($mailbox, '2', '\\Flagged'), 'flags away');
    check(imap_search($mailbox, 'FLAGGED') === [1], 'flagged');
    check(imap_createmailbox($mailbox, $server . 'there'), 'create');
    check(imap_mail_copy($mailbox, '1:2', 'there'), 'copy');
    check(imap_mail_move($mailbox, '3', 'there'), 'move');
    check(imap_delete($mailbox, '4'), 'delete');
    check(imap_expunge($mailbox), 'expunge');
    check(imap_num_msg($mailbox) === $count - 2, 'fewer');
    check(imap_uid($mailbox, 3) === 5, 'uids stay');
    check(imap_get_quotaroot($mailbox, 'INBOX') !== false, 'quota');
    check(imap_getacl($mailbox, 'INBOX'), 'rights');
    check(imap_reopen($mailbox, $server . 'there'), 'reopen');
    check(imap_num_msg($mailbox) === 3, 'three are there');
}

$mailbox = check(@imap_open($server . 'INBOX', $login, $password), 'login');
$count = imap_num_msg($mailbox);
folders($mailbox, $server);
reading($mailbox, $count);
changing($mailbox, $server, $count);
check(!@imap_reopen($mailbox, $server . 'no such', OP_HALFOPEN) || imap_errors(), 'a mailbox that is not there');
// It complains that passwords may be sent without TLS, which is so on this machine only.
imap_errors();
imap_close($mailbox);
echo "all well\n";
