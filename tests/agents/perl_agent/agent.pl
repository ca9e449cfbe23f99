# Protocol version 1 of agents/PROTOCOL.md, spoken by hand: one JSON object a line, and an answer to each request.
use strict;
use warnings;
use JSON::PP;

my $json = JSON::PP->new->utf8->canonical;
my ($config, $asked) = ({}, 0);
$| = 1;

sub send_line { print $json->encode({ jsonrpc => '2.0', @_ }), "\n" }

# Asks Kosmos while it handles an event. The next line is the answer, for events come one at a time.
sub call {
    my ($method, $params) = @_;
    send_line(id => ++$asked, method => $method, params => $params);
    my $answer = $json->decode(scalar(<STDIN>) // exit);
    die "$method: $answer->{error}{message}\n" if $answer->{error};
    return $answer->{result};
}

sub handle {
    my ($event) = @_;
    return [] unless $event->{type} eq 'finding_drafted' and $event->{body}{finding}{n} < $config->{least};
    my $seen = (call('state.get', { key => 'seen' }) // 0) + 1;
    call('state.put', { key => 'seen', value => $seen });
    my $text = "Finding $seen on fewer than $config->{least} rows: $event->{body}{finding}{statement}";
    return [{ type => 'remark', body => { text => $text } }];
}

while (defined(my $line = <STDIN>)) {
    my $request = $json->decode($line);
    my ($method, $id) = @{$request}{qw(method id)};
    if ($method eq 'initialize') {
        $config = $request->{params}{config};
        send_line(id => $id, result => { protocol => 1 });
    } elsif ($method eq 'handle') {
        my $messages = eval { handle($request->{params}) };
        $messages ? send_line(id => $id, result => { messages => $messages })
                  : send_line(id => $id, error => { code => -32000, message => "$@" });
    } elsif ($method eq 'shutdown') {
        send_line(id => $id, result => undef);
        last;
    }
}
