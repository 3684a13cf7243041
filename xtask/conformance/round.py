"""One round of the vendor's Python SDK against the emulator.

`cargo xtask conformance` runs this with the emulator's settings in the environment. Every step asserts what
the emulator must answer; the first surprise ends the round with a non-zero status.

The SDK needs some care, all of it its own: hosts are a class-level table, the session token is fixed when a
client is made, and an optional field that is absent raises AttributeError when read.
"""

import argparse
import os

from verizon.configuration import Configuration, Environment, Server
from verizon.exceptions.api_exception import APIException
from verizon.http.auth.thingspace_oauth import ThingspaceOauthCredentials
from verizon.http.auth.vz_m2m_token import VZM2mTokenCredentials
from verizon.models.log_in_request import LogInRequest
from verizon.models.v3_license_imei import V3LicenseIMEI
from verizon.verizon_client import VerizonClient

# How many devices change hands. More than one, so that answers are lists.
SAMPLE = 5


def redirect(base):
    """Points the SDK's production environment at the emulator."""
    hosts = Configuration.environments[Environment.PRODUCTION]
    for server in hosts:
        # Whatever we do not serve must not reach the vendor either.
        hosts[server] = f"{base}/not-emulated"
    hosts[Server.THINGSPACE] = f"{base}/api"
    hosts[Server.OAUTH_SERVER] = f"{base}/api/ts/v1"
    hosts[Server.M2M] = f"{base}/api/m2m"
    hosts[Server.SOFTWARE_MANAGEMENT_V3] = f"{base}/api/fota/v3"


def client(oauth, session=""):
    """A client for one session; the SDK cannot change it later."""
    return VerizonClient(
        environment=Environment.PRODUCTION,
        timeout=30,
        thingspace_oauth_credentials=oauth,
        vz_m2m_token_credentials=VZM2mTokenCredentials(vz_m2m_token=session),
    )


def expect(what, actual, wanted):
    if actual != wanted:
        raise SystemExit(f"{what}: expected {wanted!r}, the emulator says {actual!r}")


class Round:
    """The license operations of one logged-in account."""

    def __init__(self, sdk, account, page_size):
        self.licenses = sdk.software_management_licenses_v3
        self.account = account
        self.page_size = page_size

    def page(self, cursor):
        answer = self.licenses.get_account_licenses_status(self.account, cursor)
        expect("status of a page", answer.status_code, 200)
        return answer.body

    def listing(self):
        """Every licensed device, page by page, and how many pages that took."""
        devices, pages, cursor = [], 0, "0"
        while True:
            page = self.page(cursor)
            pages += 1
            # The SDK leaves an absent or empty list out altogether.
            found = [device.device_id for device in getattr(page, "device_list", None) or []]
            expect("account of a page", page.account_name, self.account)
            expect("page size", page.max_page_size, self.page_size)
            if page.has_more_data:
                expect("length of a page that is not the last", len(found), self.page_size)
                expect("cursor", page.last_seen_device_id, found[-1])
            devices += found
            if not page.has_more_data:
                break
            if page.last_seen_device_id == cursor:
                raise SystemExit(f"the cursor {cursor} does not advance")
            cursor = page.last_seen_device_id
        expect("order of the listing", devices, sorted(devices, key=int))
        expect("devices listed twice", len(devices) - len(set(devices)), 0)
        expect("assignedLicenses", page.assigned_licenses or 0, len(devices))
        return devices, pages

    def change(self, operation, devices, word):
        """Assigns or removes, and gives back which devices were changed and the two counts."""
        answer = operation(self.account, V3LicenseIMEI(device_list=devices))
        expect(f"status of {word}", answer.status_code, 200)
        result = answer.body
        expect(f"account of {word}", result.account_name, self.account)
        expect(f"devices of {word}", [one.device_id for one in result.device_list], devices)
        done = [one.device_id for one in result.device_list if one.status == f"License{word}Success"]
        return done, result.lic_count, result.lic_used_count

    def assign(self, devices):
        return self.change(self.licenses.assign_licenses_to_devices, devices, "Assign")

    def remove(self, devices):
        return self.change(self.licenses.remove_licenses_from_devices, devices, "Remove")


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--page-size", type=int, required=True)
    page_size = options.parse_args().page_size
    env = os.environ
    redirect(env["FOTA_BASE_URL"].rstrip("/"))
    oauth = ThingspaceOauthCredentials(
        oauth_client_id=env["FOTA_CLIENT_ID"], oauth_client_secret=env["FOTA_CLIENT_SECRET"]
    )

    token = client(oauth).auth_managers["thingspace_oauth"].fetch_token()
    expect("token type", token.token_type.lower(), "bearer")
    if not token.access_token or not 0 < token.expires_in <= 3600:
        raise SystemExit("the token is empty or lives longer than an hour")
    again = client(oauth).auth_managers["thingspace_oauth"].fetch_token()
    expect("a second token within the hour", again.access_token == token.access_token, True)
    print("token: ok, and the same one when asked again")

    credentials = LogInRequest(username=env["FOTA_USERNAME"], password=env["FOTA_PASSWORD"])
    login = client(oauth).session_management.start_connectivity_management_session(credentials)
    session = login.body.session_token
    if not session:
        raise SystemExit("the login gave no session token")
    print("login: ok")

    sdk = client(oauth.clone_with(oauth_token=token), session)
    round_ = Round(sdk, env["FOTA_ACCOUNT"], page_size)

    before, pages = round_.listing()
    if len(before) <= 1000:
        raise SystemExit(f"a round needs more than 1000 licensed devices, there are {len(before)}")
    expect("number of pages", pages, -(-len(before) // page_size))
    total = round_.page("0").total_licenses
    print(f"list: {len(before)} devices on {pages} pages, {total} licenses")

    # A device upgraded since it got its license keeps it, so not every one of a seeded fleet can be removed.
    removed, count, used = round_.remove(before[: 10 * SAMPLE])
    if len(removed) < SAMPLE:
        raise SystemExit(f"only {len(removed)} of {10 * SAMPLE} licenses could be removed")
    expect("licCount after remove", count, total)
    expect("licUsedCount after remove", used, len(before) - len(removed))
    listed, _ = round_.listing()
    expect("listing after remove", listed, [device for device in before if device not in set(removed)])
    print(f"remove: {len(removed)} licenses taken back")

    chosen = removed[:SAMPLE]
    assigned, count, used = round_.assign(chosen)
    expect("devices assigned", assigned, chosen)
    expect("licCount after assign", count, total)
    expect("licUsedCount after assign", used, len(listed) + SAMPLE)
    expect("listing after assign", round_.listing()[0], sorted([*listed, *chosen], key=int))
    print(f"assign: {len(assigned)} licenses given")

    removed, _, used = round_.remove(chosen)
    expect("devices removed again", removed, chosen)
    expect("licUsedCount after the second remove", used, len(listed))
    expect("listing after the second remove", round_.listing()[0], listed)
    print("remove: ok")

    logout = sdk.session_management.end_connectivity_management_session()
    expect("session that ended", logout.body.session_token, session)
    try:
        round_.page("0")
    except APIException as refusal:
        print(f"logout: ok, the session is refused afterwards ({refusal.response_code})")
    else:
        raise SystemExit("the session still works after logout")


if __name__ == "__main__":
    main()
