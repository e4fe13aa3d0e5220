"""An example of each command, as its `--help` shows it."""

EXAMPLES = {
    "dateline": ('dateline ask "Who attended the meeting?"',),
    "dateline ask": (
        'dateline ask "Who attended the Caracas meeting?" --since 2024-02',
        'dateline ask --json "What does Guyana want?"',
        "dateline ask - < questions.txt",
    ),
    "dateline chat": ('dateline chat --index --source "Example Wire"',),
    "dateline index": ("dateline index", "dateline index --json >> index.log"),
    "dateline follow": (
        'dateline follow "When do the talks in Caracas go on?"',
        "dateline follow --list",
        "dateline follow --remove 3",
    ),
    "dateline watch": ("dateline watch",),
    "dateline add": ("dateline add ~/saved/talks.txt ~/saved/2024 https://example.org/talks",),
    "dateline feed": ("dateline feed https://example.org/rss.xml",),
    "dateline status": ("dateline status", "dateline status --article 0123456789ab"),
    "dateline verify": ("dateline verify",),
    "dateline migrate": ("PGPASSWORD=... dateline migrate --to postgresql://dateline@db.example/news",),
    "dateline prepare": ("dateline prepare",),
    "dateline discord": ("DISCORD_TOKEN=... dateline discord --check",),
    "dateline doctor": ("dateline doctor", "dateline doctor --json"),
    "dateline completion": (
        "dateline completion bash > ~/.local/share/bash-completion/completions/dateline",
        'dateline completion zsh > "${fpath[1]}/_dateline"',
        "dateline completion fish > ~/.config/fish/completions/dateline.fish",
    ),
    "dateline evaluate": ("dateline evaluate dates", "dateline evaluate speed --articles 1000"),
}


def example_lines(command: str) -> str:
    """The examples below the options of a command: "Example:" and a line for each."""
    examples = EXAMPLES.get(command, ())
    return "\n".join(["Examples:" if len(examples) > 1 else "Example:", *(f"  {line}" for line in examples)])
