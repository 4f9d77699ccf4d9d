# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""What the runs of train.py and tune.py have in common: steps, their log, and what is kept."""

import math
import os
import time

import numpy as np
import torch

from log import write_row


class Resumable:
    """A run with `config` and `folder` that goes on from its last checkpoint."""

    def begin_counting(self):
        """Before the first step; `seconds` are those of all calls, validation included."""
        self.step, self.seconds, self.best = 0, 0.0, -math.inf

    def counters(self):
        """What a checkpoint says of them."""
        return {"seconds": self.seconds, "best": self.best}

    def write(self, name, more):
        """Write the averaged values, `about()` and `more` aside, then rename."""
        aside = self.folder / f"{name}.part"
        torch.save({**self.about(), "step": self.step, **more}, aside)
        os.replace(aside, self.folder / name)

    def keep_best(self, scores):
        """Write the averaged values if no earlier ones scored as high in the mean."""
        mean = float(np.nanmean(list(scores.values())))
        if mean > self.best:
            self.best = mean
            self.write("best.pt", {"scores": scores})


def report(run, measured, recent, scores):
    """A row of the log, whose last columns are `measured`, and a line."""
    scores = {name: value for name, value in scores.items() if name in measured}
    if scores:
        run.keep_best(scores)
    loss = float(torch.stack(recent).mean())
    write_row(run, measured, loss, scores)
    rounded = {name: round(value, 2) for name, value in scores.items()}
    print(
        f"{run.seconds / 60:.1f} min, step {run.step}, loss {loss:.4f}", rounded or "", flush=True
    )


def run_steps(run, batches, take, validate, measured, last_step=None, minutes=math.inf):
    """Steps until the budget of time, `last_step` or `minutes` of this call are spent.

    `take(run, *batch)` is a step and returns its loss, `validate()` returns {column: dB}.
    """
    settings = run.config["train"]
    torch.set_num_threads(settings["threads"])
    recent, clock = [], time.monotonic()
    began = saved = logged = validated = run.seconds
    for batch in batches:
        recent.append(take(run, *batch))
        if run.step % 20 == 0:
            float(recent[-1])  # wait for a device, so that the clock tells the truth
        now = time.monotonic()
        run.seconds, clock = run.seconds + now - clock, now
        done = run.seconds >= settings["minutes"] * 60 or run.step == last_step
        done = done or run.seconds - began >= minutes * 60
        check = done or run.seconds - validated > settings["validate_minutes"] * 60
        if check:
            run.save()  # validation takes long, and may be stopped
        if check or run.seconds - logged > 60:
            report(run, measured, recent, validate() if check else {})
            recent, logged = [], run.seconds
            validated = run.seconds if check else validated
        if done or run.seconds - saved > settings["checkpoint_minutes"] * 60:
            run.save()
            saved = run.seconds
        if done:
            return
