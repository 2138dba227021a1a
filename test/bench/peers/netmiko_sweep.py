"""netmiko at its best: PROCESSES processes with THREADS threads each. INVENTORY DEVICES PROCESSES THREADS COMMAND"""
import sys
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import Pool

from fleet import devices, told
from netmiko import ConnectHandler


def ask(device):
    try:
        with ConnectHandler(**device) as connection:
            return connection.send_command(COMMAND)
    except Exception as error:
        return f"{device['host']}: {error}"


def share(part):
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(ask, part))


INVENTORY, COUNT, PROCESSES, THREADS, COMMAND = (
    sys.argv[1],
    int(sys.argv[2]),
    int(sys.argv[3]),
    int(sys.argv[4]),
    sys.argv[5],
)

if __name__ == "__main__":
    everyone = devices(INVENTORY, COUNT)
    if PROCESSES == 1:
        told(share(everyone))
    parts = [everyone[n::PROCESSES] for n in range(PROCESSES)]
    with Pool(PROCESSES) as pool:
        told([text for part in pool.map(share, parts) for text in part])
