"""What a soak does to workers, web and database meanwhile, in the order that its seed says."""

import contextlib
import signal
import time

from processes import pids_of, send
from soak_workers import Workers


class Disturbing:
    def disturb(self, workers: Workers):
        for at, kind in self.disturbances():
            self.wait_for(lambda: self.sent() >= at, lambda: self.sent(), f"{at} submissions accepted")
            if kind in DISTURBANCES:
                DISTURBANCES[kind](self)
                self.report.others[kind] += 1
                continue
            if kind == "kill":
                send(self.random.choice(workers.some()), signal.SIGKILL)
                self.report.killed += 1
            else:
                # Somebody is left who takes the paused one's tasks.
                workers.pause(self.random.choice(workers.some(2)), 3 * self.plan.lease_seconds)
                self.report.stopped += 1

    def stop_database(self):
        """As if its machine had lost power: nothing is written that was not."""
        with contextlib.suppress(FileNotFoundError):
            send(int((self.instance.state / "pg/postmaster.pid").read_text().split()[0]), signal.SIGQUIT)

    def kill_web(self):
        """The supervisor among them: then all go, and nginx answers 502 until they are back."""
        send(self.random.choice(pids_of(self.instance, "web") or [0]), signal.SIGKILL)

    def end_connections(self):
        """One a second, of the web's and the workers'."""
        for _ in range(self.plan.terminations):
            time.sleep(1)
            ended = self.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename IN ('batchport_web', "
                             "'batchport_worker') ORDER BY random() LIMIT 1")
            self.report.others["connection end"] += len(ended.splitlines())

    def disturbances(self) -> list[tuple[int, str]]:
        """After how many accepted jobs, and what; all before the last tenth, so that there is work to disturb."""
        plan = self.plan
        kinds = ["kill"] * plan.kills + ["stop"] * plan.stops + ["database stop"] * plan.database_stops
        kinds += ["web kill"] * plan.web_kills
        self.random.shuffle(kinds)
        last = max(1, int(self.plan.submissions * 0.9))
        return sorted((self.random.randrange(last), kind) for kind in kinds)


DISTURBANCES = {"database stop": Disturbing.stop_database, "web kill": Disturbing.kill_web}
