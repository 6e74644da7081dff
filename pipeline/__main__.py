"""`python -m pipeline`: the one place that knows both the pipeline's commands and the dashboard's."""

from pipeline import host

if __name__ == "__main__":
    host.prepare()  # before anything heavy is loaded

if __name__ != "__mp_main__":  # as worker processes load it, which need no commands
    from dashboard import commands, export_command
    from pipeline.cli import main

    for _command in (commands.serve, commands.demo, export_command.export):
        main.add_command(_command)

if __name__ == "__main__":
    host.run(main)
