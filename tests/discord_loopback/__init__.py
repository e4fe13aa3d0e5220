"""Discord on the loopback: a server that holds the unmodified discord.py client, in its own process, to its rules.

    async with Loopback() as discord:
        guild = discord.guild()                      # with guild.general; guild.channel("desk") adds a channel
        ada = discord.person("Ada", permissions=MEMBER, roles=["Editor"])
        bot = await discord.start("--config", str(file), "discord")    # dateline's arguments; waits for READY
        asked = await ada.slash(guild.general, "ask", question="Who met?", since="2024-01-01")
        answer = await asked.finally_(timeout=60)    # what ends the thinking; until=... waits for a later version
        assert "Lavrov" in answer.text and await bot.stop() == 0    # and no rule was broken: `discord.violations`

What people can do is in `people`, what they see in `messages` and `interactions`; what can go wrong, in `troubles`
(of a call) and `gateway` (of the connection). What no test of the bot needs is not there.
"""

from tests.discord_loopback.messages import Message
from tests.discord_loopback.people import Person
from tests.discord_loopback.process import Bot
from tests.discord_loopback.server import Loopback
from tests.discord_loopback.troubles import Fault
from tests.discord_loopback.world import MANAGE_GUILD, MEMBER, Channel, Guild, Upload

__all__ = ["MANAGE_GUILD", "MEMBER", "Bot", "Channel", "Fault", "Guild", "Loopback", "Message", "Person", "Upload"]
