"""Reads the emulator's state without any code of ours: over the vendor's API, and from the emulator's own ledger."""

import base64
import json
import os
import urllib.request
from collections import Counter


def send(path, headers=None, body=None):
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(os.environ["FOTA_BASE_URL"] + path, data, headers or {})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


class Service:
    """The account, read with tokens of its own."""

    def __init__(self):
        env = os.environ
        key = base64.b64encode(f"{env['FOTA_CLIENT_ID']}:{env['FOTA_CLIENT_SECRET']}".encode()).decode()
        form = {"Authorization": f"Basic {key}", "Content-Type": "application/x-www-form-urlencoded"}
        token = send("/api/ts/v1/oauth2/token", form, b"grant_type=client_credentials")["access_token"]
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        login = {"username": env["FOTA_USERNAME"], "password": env["FOTA_PASSWORD"]}
        session = send("/api/m2m/v1/session/login", headers, login)["sessionToken"]
        self.headers = headers | {"VZ-M2M-Token": session}
        self.account = env["FOTA_ACCOUNT"]

    def licensed(self):
        """Every licensed device and its time, in the order of the list."""
        devices, cursor, more = [], "0", True
        while more:
            page = send(f"/api/fota/v3/licenses/{self.account}?lastSeenDeviceId={cursor}", self.headers)
            devices += [(device["deviceId"], device["assignmentTime"]) for device in page["deviceList"]]
            more, cursor = page["hasMoreData"], page["lastSeenDeviceId"]
        return devices

    def models(self, ids):
        """How many of these devices there are of each make and model."""
        counts = Counter()
        for start in range(0, len(ids), 500):
            body = {"deviceList": ids[start:start + 500]}
            answer = send(f"/api/fota/v3/devices/{self.account}", self.headers, body)
            counts.update((device["make"], device["model"]) for device in answer["deviceList"])
        return counts

    def ledger(self):
        """The totals that the emulator itself keeps."""
        return send(f"/_emulator/ledger?account={self.account}")


def add_fault(rule):
    send("/_emulator/faults", {"Content-Type": "application/json"}, rule)
