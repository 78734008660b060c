"""What a program writes, copied to the console of its run."""

import atexit
import os
import sys
import threading
import time
import urllib.error

EVERY = 0.5
MOST_LINES = 1000
MOST_TEXT = 200_000
LONGEST = 16_000
# Characters that wait for a server that does not answer; what is beyond is dropped, and said.
MOST_WAITING = 20_000_000
# Seconds that the end of a program waits for the server.
PATIENCE = 10


class Console:
    """Copies both streams for as long as the program runs. A line belongs to the run that was followed when it was written."""

    def __init__(self, say):
        self.say = say
        self.lock = threading.Lock()
        self.wake = threading.Event()
        self.target = None
        self.waiting = []
        self.size = 0
        self.dropped = 0
        self.partial = {"stdout": "", "stderr": ""}
        self.ending = None
        self.process = os.getpid()
        for name in ("stdout", "stderr"):
            self.copy(name)
        self.sender = threading.Thread(target=self.work, name="trivium-console", daemon=True)
        self.sender.start()
        atexit.register(self.end)

    def follow(self, server, run):
        with self.lock:
            self.flush()
            self.target = {"server": server, "run": run, "next": 0, "full": False}

    def copy(self, name):
        """Whoever holds the stream already, such as a log handler, is heard too: it is the method that is replaced, not the stream."""
        stream = getattr(sys, name)
        write = stream.write

        def copied(text):
            result = write(text)
            try:
                self.take(name, text)
            except Exception as error:  # noqa: BLE001 -- the program's own words come first
                self.say(error)
            return result

        stream.write = copied

    def take(self, name, text):
        # A child of fork has a copy of everything but the thread that sends.
        if os.getpid() != self.process or not isinstance(text, str) or threading.current_thread() is self.sender:
            return
        with self.lock:
            lines = (self.partial[name] + text).split("\n")
            self.partial[name] = lines.pop()[-LONGEST:]
            for line in lines:
                self.add(name, line)

    def add(self, stream, line):
        if self.target is None or self.target["full"]:
            return
        # Of a line that was written over, such as a progress bar, the last state stays.
        line = line.rstrip("\r").rsplit("\r", 1)[-1]
        for start in range(0, max(len(line), 1), LONGEST):
            part = line[start : start + LONGEST]
            if self.size + len(part) > MOST_WAITING:
                self.dropped += 1
                continue
            if self.dropped:
                words = f"{self.dropped} lines were not kept, because the server did not answer."
                self.dropped = 0
                self.put("system", words)
            self.put(stream, part)

    def put(self, stream, text):
        self.size += len(text)
        self.waiting.append((self.target, {"at": int(time.time() * 1000), "stream": stream, "text": text}))

    def flush(self):
        for name, rest in self.partial.items():
            if rest:
                self.partial[name] = ""
                self.add(name, rest)

    def work(self):
        failures = 0
        while True:
            self.wake.wait(min(EVERY * 2**failures, 10) if self.ending is None else EVERY)
            try:
                while self.send():
                    pass
                failures = 0
            except Exception as error:  # noqa: BLE001 -- tried again, until the program has ended
                failures += 1
                if isinstance(error, urllib.error.HTTPError) and error.code < 500 and error.code != 429:
                    self.refused(error)
                elif failures == 3:
                    self.say(error)
            if self.ending is not None and (not self.waiting or time.monotonic() > self.ending):
                return

    def send(self):
        with self.lock:
            target = self.waiting[0][0] if self.waiting else None
            lines, size = [], 0
            for to, line in self.waiting:
                size += len(line["text"])
                if to is not target or len(lines) >= MOST_LINES or (lines and size > MOST_TEXT):
                    break
                lines.append(line)
        if not lines:
            return False
        full = target["full"] or target["server"].add_console(target["run"], target["next"], lines)["full"]
        with self.lock:
            del self.waiting[: len(lines)]
            self.size -= sum(len(line["text"]) for line in lines)
            target["next"] += len(lines)
            target["full"] = full
        return True

    def refused(self, error):
        with self.lock:
            target = self.waiting[0][0] if self.waiting else None
            if target is not None:
                target["full"] = True
        self.say(error)

    def end(self):
        if os.getpid() != self.process:
            return
        with self.lock:
            self.flush()
        self.ending = time.monotonic() + PATIENCE
        self.wake.set()
        self.sender.join(PATIENCE + 1)
