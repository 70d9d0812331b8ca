# A session of Perl's Mail::IMAPClient with the server: PORT LOGIN PASSWORD. INBOX has "first", "second" and odd mail.
use strict;
use warnings;
use utf8;
use Encode qw(encode);
use Mail::IMAPClient;

my ($port, $login, $password) = @ARGV;

sub check {
    my ($held, $what) = @_;
    die "not so: $what: " . ($@ || '') unless $held;
    return $held;
}

sub connected {
    my %more = @_;
    return check(Mail::IMAPClient->new(
        Server => '127.0.0.1', Port => $port, User => $login, Password => $password, Uid => 1, %more), 'login');
}

sub folders {
    my ($client) = @_;
    for my $name ('with "quotes"', '100% sure', 'back\\slash', '[x] (y)', 'Gr&APwA3w-e') {
        check($client->create($name), "create $name");
        check($client->subscribe($name), "subscribe $name");
        check($client->exists($name), "exists $name");
        check($client->append_string($name, "Subject: here\r\n\r\nx\r\n", '(\\Seen $Label)'), "append to $name");
        check($client->message_count($name) == 1, "status of $name");
        check($client->rename($name, "${name}2"), "rename $name");
        check($client->unsubscribe($name), "unsubscribe $name");
        check($client->delete("${name}2"), "delete $name");
    }
}

sub reading {
    my ($client) = @_;
    my @all = $client->messages;
    for my $uid (@all) {
        check(length($client->message_string($uid)) == $client->size($uid), "octets of $uid");
        check($client->get_envelope($uid), "envelope of $uid");
        check($client->get_bodystructure($uid), "structure of $uid");
        check($client->parse_headers($uid, 'ALL'), "header of $uid");
    }
    check(keys %{$client->fetch_hash('FLAGS', 'INTERNALDATE', 'RFC822.SIZE', 'ENVELOPE')} == @all, 'fetch_hash');
    check("@{[$client->search(SUBJECT => \'first')]}" eq '1', 'search');
    check("@{[$client->search('CHARSET', 'UTF-8', 'TEXT', \encode('UTF-8', 'Grüße'))]}", 'search in UTF-8');
    check(@{$client->sort('REVERSE DATE', 'UTF-8', 'ALL')} == @all, 'sort');
    check($client->thread('REFERENCES', 'UTF-8', 'ALL'), 'thread');
    return @all;
}

sub changing {
    my ($client, @all) = @_;
    check($client->set_flag('Flagged', 1, 2), 'flags');
    check($client->unset_flag('Flagged', 2), 'flags away');
    check("@{[$client->search('FLAGGED')]}" eq '1', 'flagged');
    check($client->create('there'), 'create');
    check($client->copy('there', 1, 2), 'copy');
    check($client->move('there', 3), 'move');
    check($client->delete_message(4), 'delete');
    check($client->expunge, 'expunge');
    check($client->message_count == @all - 2, 'fewer');
    check($client->message_count('there') == 3, 'three are there');
    check($client->getquotaroot('INBOX'), 'quota');
    check($client->namespace, 'namespace');
    check(!$client->select('no such'), 'a mailbox that is not there');
}

my $client = connected(Starttls => [SSL_verify_mode => 0], Authmechanism => 'PLAIN', Compress => 1);
folders($client);
check($client->select('INBOX'), 'select');
my @all = reading($client);
changing($client, @all);
check($client->logout, 'logout');
print "all well\n";
