"""The license report in a real browser: what the page says is what the emulator has, on every screen.

    check.py FOTA FOLDER [IMAGES]

FOTA is the command, FOLDER takes the page and the pictures; with IMAGES, the documentation's pictures are made too.
The emulator's settings are in the environment.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from datetime import datetime
from pathlib import Path

from browser import Browser
from png import shrink
from service import Service, add_fault

SCREENS = {"phone": (375, 812), "desktop": (1280, 900)}
NOT_FOUND, UPGRADED = "001001000000015", "001001000000023"
# What a service may say, and how it is to be seen.
HOSTILE = "</td><script>document.title='owned'</script>\"&\u202e\u0007\u05d0"
SEEN = "</td><script>document.title='owned'</script>\"&\\u{202e}\\u{7}\u05d0"
ASSIGNING, REMOVING = "assigning a license", "removing its license"
IMAGE = "<img src=x onerror=alert(1)>"


def fota(program, *arguments, codes=(0,)):
    done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=300)
    if done.returncode not in codes:
        raise SystemExit(f"fota {' '.join(arguments)}: exit {done.returncode}\n{done.stderr}")
    return done.stdout


def expect(what, found, wanted):
    if found != wanted:
        raise SystemExit(f"{what}: the page has\n  {found}\nand it should be\n  {wanted}")


def grouped(number):
    return f"{number:,}"


def past_runs(program, service):
    """Runs that leave refused devices behind: some still open, one settled. Gives what the page has to tell."""
    fleet = [line.split(",")[0] for line in Path("examples/fleet.csv").read_text().splitlines()[1:]]
    change = lambda verb, *imeis: json.loads(
        fota(program, "licenses", verb, *imeis, "--yes", "--output", "json", codes=(0, 5)))["devices"]
    first = change("assign", NOT_FOUND, UPGRADED, *fleet)
    retired = [device for device, _ in service.licensed()][::9]
    second = change("remove", UPGRADED, *[imei for imei in retired if imei not in (UPGRADED, *fleet)])
    late = [device["deviceId"] for device in first if device["outcome"] == "refused"]
    third = change("assign", *[imei for imei in late if imei != NOT_FOUND])
    if any(device["outcome"] != "applied" for device in third) or not third:
        raise SystemExit(f"the surplus of the first run should fit now: {third}")
    refused = [(device, REMOVING if run is second else ASSIGNING) for run in (second, first) for device in run
               if device["outcome"] == "refused"]
    return [(device["deviceId"], device["reason"], verb) for device, verb in refused]


def check_numbers(page, service, refused):
    ledger, licensed = service.ledger(), service.licensed()
    total, used = ledger["totalLicenses"], ledger["assignedLicenses"]
    expect("licensed devices", len(licensed), used)
    expect("pool", page["pool"], {"total": grouped(total), "used": grouped(used), "free": grouped(total - used)})
    if abs(page["bar"] - used / total) > 0.005:
        raise SystemExit(f"the pool bar shows {page['bar']:.3f}, not {used / total:.3f}")

    months = Counter(time[:7] for _, time in licensed)
    first, last = min(months), max(months)
    span = range(int(first[:4]) * 12 + int(first[5:]) - 1, int(last[:4]) * 12 + int(last[5:]))
    wanted = [(datetime(month // 12, month % 12 + 1, 1).strftime("%b %Y"), months[f"{month // 12}-{month % 12 + 1:02}"])
              for month in span]
    expect("timeline", page["timeline"], [[name, grouped(count)] for name, count in wanted])
    expect("columns", [title for title, _ in page["columns"]], [f"{name}: {grouped(count)}" for name, count in wanted])
    tallest, most = max(height for _, height in page["columns"]), max(count for _, count in wanted)
    for (title, height), (_, count) in zip(page["columns"], wanted):
        if abs(height / tallest - count / most) > 0.02:
            raise SystemExit(f"column {title} is {height / tallest:.3f} high, not {count / most:.3f}")

    models = service.models([device for device, _ in licensed])
    expect("models", sorted(row[:3] for row in page["models"]),
           sorted([make, model, grouped(count)] for (make, model), count in models.items()))

    now = {device for device, _ in licensed}
    wanted_rows = []
    for device, reason, verb in refused:
        held = device in now
        wanted_rows.append([device, f"{reason}{verb}", ("open" if held == (verb == REMOVING) else "settled")
                            + ("licensed" if held else "no license")])
    expect("refused", [[row[0][:15], *row[1:]] for row in page["refused"]], wanted_rows)
    opens = [(device in now) == (verb == REMOVING) for device, _, verb in refused]
    causes = [(reason, verb) for _, reason, verb in refused]
    expect("open", page["open"], str(sum(opens)))
    expect("reasons", sorted(row[1:] for row in page["reasons"]), sorted(
        [str(count), str(sum(open_ for what, open_ in zip(causes, opens) if what == cause))]
        for cause, count in Counter(causes).items()))
    return f"{used} of {total}, {len(wanted)} months, {len(models)} models, {len(refused)} refused"


def check_manners(name, page, url, browser, screen, scheme):
    expect(f"{name}: requests", browser.requested(url), [url])
    logged = [entry["message"] for entry in browser.logs("browser")]
    expect(f"{name}: console", logged, [])
    if page["width"] > SCREENS[screen][0] or page["outside"]:
        raise SystemExit(f"{name}: {page['width']} px wide, too wide for a {screen}: {page['outside'][:5]}")
    if (page["paper"] < 0.05) != (scheme == "dark") or (page["paper"] > 0.8) != (scheme == "light"):
        raise SystemExit(f"{name}: the background has a lightness of {page['paper']:.2f}")
    if page["pale"] or page["read"] < 40:
        raise SystemExit(f"{name}: {page['read']} texts, too pale (4.5 is the least): {page['pale']}")
    expect(f"{name}: tables without caption, pictures without name, active content",
           [page["uncaptioned"], page["nameless"], page["active"]], [0, 0, 0])
    expect(f"{name}: headings", [heading[:2] for heading in page["headings"]], ["H1", "H2", "H2", "H2", "H2"])


def check_hostile(program, folder, browser, read):
    """A service that answers with markup gets it shown as text."""
    device = {"deviceId": "x", "make": HOSTILE, "model": HOSTILE}
    first = json.loads(fota(program, "licenses", "list", "--output", "json"))[0]["deviceId"]
    answer = lambda body: {"kind": "answer", "status": 200, "body": {
        "custom": {"contentType": "application/json", "body": json.dumps(body)}}}
    add_fault({"operation": "devices.lookup", "effect": answer({"deviceList": [device | {"deviceId": first}]})})
    add_fault({"operation": "licenses.assign", "effect": answer({"deviceList": [
        {"deviceId": NOT_FOUND, "status": "LicenseAssignFailed", "resultReason": HOSTILE + IMAGE}]})})
    fota(program, "licenses", "assign", NOT_FOUND, codes=(5,))
    file = folder / "hostile.html"
    fota(program, "licenses", "report", "--html", str(file))
    for screen, (width, height) in SCREENS.items():
        browser.show(file.as_uri(), width, height, "light")
        page = browser.run(read, width)
        check_manners(f"hostile, {screen}", page, file.as_uri(), browser, screen, "light")
        expect("hostile make and model", page["models"][0][:3], [SEEN, SEEN, "1"])
        expect("devices that the answer leaves out", page["models"][1][0], "Not told by the service")
        if not page["refused"][0][1].startswith(SEEN + IMAGE):
            raise SystemExit(f"hostile reason: {page['refused'][0]}")
        expect("title", browser.run("return document.title"), f"FOTA licenses of {os.environ['FOTA_ACCOUNT']}")


def main():
    program, folder = sys.argv[1], Path(sys.argv[2]).resolve()
    images = Path(sys.argv[3]) if len(sys.argv) > 3 else None
    read = (Path(__file__).parent / "page.js").read_text()
    service = Service()
    refused = past_runs(program, service)
    file = folder / "report.html"
    fota(program, "licenses", "report", "--html", str(file))
    with Browser() as browser:
        for screen, (width, height) in SCREENS.items():
            for scheme in ("light", "dark"):
                name = f"{screen}-{scheme}"
                browser.show(file.as_uri(), width, height, scheme)
                page = browser.run(read, width)
                told = check_numbers(page, service, refused)
                check_manners(name, page, file.as_uri(), browser, screen, scheme)
                picture = browser.picture(width)
                (folder / f"report-{name}.png").write_bytes(picture)
                if images:
                    (images / f"report-{name}.png").write_bytes(shrink(picture))
                print(f"{name}: {told}")
        check_hostile(program, folder, browser, read)
        print("hostile answers: shown as text")


if __name__ == "__main__":
    main()
