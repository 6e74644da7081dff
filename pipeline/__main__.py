"""`python -m pipeline`: the one place that knows both the pipeline's commands and the dashboard's."""

from dashboard import commands
from pipeline.cli import main

for _command in (commands.serve, commands.demo):
    main.add_command(_command)

if __name__ == "__main__":
    main()
