"""Discord on the loopback: a server that holds the unmodified discord.py client, in its own process, to its rules.

    async with Loopback() as discord:                # deadline=3.0, limits=False, ...: see `Loopback`
        guild = discord.guild("Newsroom")            # with guild.general; guild.channel("desk") adds a channel
        ada = discord.person("Ada", guild=guild, permissions=MEMBER, roles=["Editor"])
        bot = await discord.start("--config", str(file), "discord")    # dateline's arguments; waits for READY
        asked = await ada.slash(guild.general, "ask", question="Who met?", since="2024-01-01")
        answer = await asked.finally_(timeout=60)    # what ends the thinking; until=... waits for a later message
        assert asked.acknowledged_after < 1 and "Lavrov" in answer.text
        assert await bot.stop() == 0                 # SIGTERM; the exit status
        assert discord.violations == []

What a **person** does (`discord.person`): each is a coroutine. The impossible (a command that is not synced, a button
that is not there or is disabled, somebody else's ephemeral message) is an AssertionError: nobody can do it in Discord.

    slash(channel, "ask", **options) -> Interaction      "articles add" is a subcommand; bytes or an Upload is a file
    message(channel, text, mentions_bot=False, reply_to=None, ping=True, files=()) -> Message;  dm(text) -> Message
    click(message, label_or_custom_id, values=()) -> Interaction    a button; or a menu, and what is chosen in it
    context_menu("Ask Dateline about this", message) -> Interaction
    autocomplete("ask", "source", "Rep", channel=None, **filled) -> list[Choice]    (name, value)
    submit(modal, {label_or_custom_id: text}) -> Interaction
    add_bot(thread);  pin(message)       Discord says so in their name: messages of the types 1 and 6, without words
    delete(message);  sees(message) -> bool (not a coroutine);  direct, their conversation with the bot;
    closed = True refuses the bot's direct messages

What comes back:

    Interaction   acknowledged_after (s, or None), thinking, failed ("The application did not respond"), original,
                  followups, messages; await acknowledged(), finally_(timeout, until=None), modal(timeout), followup(n)
    Message       content, embeds, components, attachments (Upload: filename, content), ephemeral, text (all that is
                  read, embeds included), buttons (Button: label, custom_id, url, disabled, style), pings, reference,
                  thread, deleted, edits (the earlier versions: content, embeds, components, at);
                  await answered(timeout, until=None): the bot's answer to a person's message: a reply to it, or else
                  the first thing that it says in that channel, or in the thread of the message
                  an emoji is a button's label where it has no words
    Channel       messages, threads, typing (times); guild.channel("x", bot_permissions=0) takes the bot's rights away,
                  kind=VOICE or FORUM makes it another; guild.thread(channel, "x", MEMBER) is a thread, or a post of a
                  forum; thread.archive(locked=True) closes one
    Bot           output (stdout and stderr), status; await stop(signal, timeout) -> status, exited(timeout), kill()

What happens to the **bot** (on `discord`):

    violations    what broke a rule of Discord's, in order: Violation(rule, detail); `rules.Rule` lists them
                  (INJECTED needs an article or a question with links to `texts.HOST`, "evil.example")
    take(rule)    removes and returns the violations of one rule, for a test that provokes them
    unanswered    the interactions that people still see the bot thinking about
    heartbeats    Heartbeat(at, late): seconds by which each missed its interval, as long as the loop was blocked
    synced_commands   what the bot last synced, by (guild id or None, type, name); syncs counts how often
    requests      "METHOD /path" of every REST call so far; rate_limited: those that were refused as too many
    fault(pattern, [Fault...])    for the next calls that match, "PATCH /webhooks/*/messages/*" say, one fault each:
                  Fault.rate_limited(0.2), Fault.status(502), Fault.abort(), Fault.hang(1.0); with after=True the call
                  takes effect, and only its answer is lost. Returns the plan; `plan.left` is what was not used
    drop_socket() aborts the gateway connection;  reconnect(): op 7;  invalidate(resumable): op 9;  close(code)
    forget_session()      the next RESUME is refused with op 9;  offline(True) refuses gateway connections meanwhile
    withhold_heartbeat_acks(True)    discord.py notices after its heartbeat_timeout, 60 s if the bot does not set it
    shift(seconds)        moves the server's clock forward: tokens expire after 15 minutes
    sessions, identifies, resumes, gateway.close_codes;  delivered(kind) -> the numbers of its events, as often as sent
    await ready(timeout), resumed(count, timeout), until(predicate, timeout, what)

In the bot's process only two addresses are changed, by `launch`. It is tested against a loopback server, no more.
"""

from tests.discord_loopback.faults import Fault
from tests.discord_loopback.messages import Message
from tests.discord_loopback.people import Choice, Modal, Person
from tests.discord_loopback.process import Bot
from tests.discord_loopback.rules import Rule, Violation
from tests.discord_loopback.server import Loopback
from tests.discord_loopback.world import ADMINISTRATOR, FORUM, MANAGE_GUILD, MEMBER, VOICE, Channel, Guild, Upload

__all__ = [
    "ADMINISTRATOR",
    "FORUM",
    "MANAGE_GUILD",
    "MEMBER",
    "VOICE",
    "Bot",
    "Channel",
    "Choice",
    "Fault",
    "Guild",
    "Loopback",
    "Message",
    "Modal",
    "Person",
    "Rule",
    "Upload",
    "Violation",
]
