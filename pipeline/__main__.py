"""`python -m pipeline`: the one place that knows both the pipeline's commands and the dashboard's."""

from pipeline import host

if __name__ == "__main__":
    host.prepare()  # before anything heavy is loaded

from dashboard import commands, export_command  # noqa: E402
from pipeline.cli import main  # noqa: E402

for _command in (commands.serve, commands.demo, export_command.export):
    main.add_command(_command)

if __name__ == "__main__":
    host.run(main)
