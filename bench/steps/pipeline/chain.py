"""A step that does nothing but say when its code ran; it counts, since steps with equal inputs would come from the cache."""

import time


def tick(log, round, before=0):
    begin = time.time()
    with open(log, "a") as file:
        file.write(f"{begin} {time.time()}\n")
    return {"done": before + 1}
