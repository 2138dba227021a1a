"""The devices of the bench's inventory, as netmiko takes them."""
import csv
import sys


def devices(file, count):
    with open(file, newline="") as rows:
        found = [
            {
                "device_type": "cisco_ios",
                "host": row["host"],
                "port": int(row["port"]),
                "username": row["username"],
                "password": row["password"],
            }
            for row in csv.DictReader(rows)
        ]
    return found[:count]


def told(outputs):
    """Prints how many answered in full, and ends with 1 if one did not."""
    failed = [text for text in outputs if not text.rstrip().endswith("end")]
    whole = len(outputs) - len(failed)
    print("\n".join(text[-200:] for text in failed), file=sys.stderr)
    print(f"ok {whole}")
    sys.exit(1 if failed else 0)
