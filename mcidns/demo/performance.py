"""One performance of the demo from curtain to exit code; its parts are stage, story and screen."""

import asyncio
import contextlib
import signal
import tempfile
from pathlib import Path

from rich.console import Console

from mcidns.demo import manifests, stage, story
from mcidns.demo.screen import Screen
from mcidns.demo.stage import ControllerFailed, Stage


async def perform(console: Console, *, hold: bool) -> int:
    """Play all steps; 0 only if each was right and the controller stopped cleanly. With `hold`, stay until interrupted."""
    with tempfile.TemporaryDirectory(prefix="mcidns-demo-", ignore_cleanup_errors=True) as folder:
        screen = Screen(console)
        try:
            async with stage.set_up(Path(folder)) as set_stage:
                right = await _play(set_stage, screen)
                if hold:
                    await _hold(set_stage, console)
        except ControllerFailed as error:
            console.print(str(error), style="red", soft_wrap=True)
            return 1
    return 0 if right else 1


async def _play(set_stage: Stage, screen: Screen) -> bool:
    async with screen.showing(set_stage):
        for step in story.STEPS:
            screen.begin(step.title)
            outcome = await story.play(set_stage, step, patience=25.0 if step is story.STEPS[0] else story.PATIENCE)
            screen.end(outcome)
            if outcome.problem:
                return False
    return True


async def _hold(set_stage: Stage, console: Console) -> None:
    console.print("\nEverything keeps running; Ctrl-C ends it. To look around:", soft_wrap=True)
    for name in ("host", *(region.name for region in manifests.REGIONS)):
        console.print(
            f"  kubectl --kubeconfig {set_stage.folder / name}.kubeconfig get ghost,ingress,endpointslices -A", soft_wrap=True
        )
    console.print(f"  dig @127.0.0.1 -p {set_stage.names.port} {manifests.HOSTNAME}", soft_wrap=True)
    console.print(f"  tail -f {set_stage.folder / 'controller.log'}", soft_wrap=True)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, stop.set)
    await stop.wait()
