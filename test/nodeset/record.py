#!/usr/bin/env python3
"""Records what ClusterShell's programs print into recorded/clustershell.json, for clustershell.test.ts.

    python3 test/nodeset/record.py          # needs Debian's package clustershell
"""
import json, os, random, subprocess, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SEED = 20261123
EXPRESSIONS = """
a a,b b,a sw[1-3] sw[1-3,7] sw[3,1,2] sw[08-12] sw[08-12/2] r[01-20/3] n[0-9/2] n[5-5] n[1,1,1] n[001-010]
n[98-102] n[098-102] n[1-2]-[3-4] n[1-2]x[01-03]y n[0-3,7]x[1,2]y sw[1-3]0 sw1[0-3] sw[8-10]0 a0[1-3]b
sw[1-100].site1!sw[7-9].site1 sw[1-5]!sw3 sw[1-5]&sw[4-9] sw[1-5]^sw[4-9] a,b,c!b a!b!c,b a&b a^a a^b^a
sw[1-9]!sw[2-8/2] sw[1-4],r[1-2]!sw2,r9 x[1-3]y[1-3]!x2y2 x[1-3]y[1-3]&x[2-4]y[1-2] x[1-2]y[1-2]^x[2-3]y[2-3]
10.0.0.[1-254] 10.[0-1].[0-3].1 192.168.001.[01-09] core1,edge1,core2 sw9,sw10,sw09,sw010 sw[9-10],sw[09-10]
h[12345678901234567890-12345678901234567893] a1,a01,a001 a-[1-3]-b[2-4] sw1-2-3,sw1-2-4,sw1-3-3
sw1-2-3,sw1-2-4,sw2-2-3,sw2-2-4,sw2-3-3 r1s1,r1s2,r2s1 z9,a1,m5,a2 1a,2a,3a 7,8,9 [1-3] [1-3]x[4-5]
sw[1-2,4-6/2,9] sw[10-1] sw[1- sw1] sw[] sw[a] sw[1-3]] sw[[1-3] sw[1-2][3-4] a, ,a a,,b a! sw[1-010] sw[1-3/0] sw[1/2]
""".split()


def run(*words, text=None):
    done = subprocess.run(words, input=text, capture_output=True, text=True)
    return done.stdout if done.returncode == 0 else None


def names_of(dice):
    kind = dice.randrange(8)
    number = lambda: str(dice.randrange(14)).zfill(1 + dice.randrange(3) * (kind % 2))
    shape = [
        lambda: f"R{number()}",
        lambda: f"R{number()}",
        lambda: f"sw{number()}-s{number()}",
        lambda: f"10.{dice.randrange(2)}.{dice.randrange(3)}.{dice.randrange(9)}",
        lambda: f"{dice.choice(['ams', 'fra', 'lon'])}-{dice.choice(['core', 'edge'])}{number()}.{dice.choice(['a', 'b'])}.net",
        lambda: dice.choice("abZx") + number() + (f"p{dice.randrange(4)}/{dice.randrange(4)}" if dice.random() < 0.5 else ""),
        lambda: f"r{dice.randrange(3)}c{dice.randrange(3)}n{dice.randrange(4)}",
        lambda: "".join(dice.choice("ab01-.") for _ in range(1 + dice.randrange(6))).strip("-.") or "x",
    ][kind]
    return sorted({shape() for _ in range(1 + dice.randrange(50))}, key=lambda _: dice.random())


def config_of(dice, lines):
    """A variant of a configuration: some lines changed, some gone, some new."""
    made = list(lines)
    for _ in range(dice.randrange(1, 5)):
        at = dice.randrange(len(made))
        what = dice.randrange(3)
        if what == 0:
            made[at] = f"changed {dice.randrange(1000)}"
        elif what == 1 and len(made) > 2:
            del made[at]
        else:
            made.insert(at, f"new {dice.randrange(1000)}")
    return made


def outputs_of(dice):
    names = names_of(dice)
    lines = [f"interface Gi0/{n}" if n % 3 == 0 else f" description line {n}" for n in range(dice.randrange(3, 25))]
    variants = [lines] + [config_of(dice, lines) for _ in range(dice.randrange(0, 4))]
    weights = [6] + [1] * (len(variants) - 1)
    texts = ["".join(f"{line}\n" for line in variant) for variant in variants]
    return texts, {name: dice.choices(range(len(texts)), weights)[0] for name in names}


def main():
    print(f"seed {SEED}")
    dice = random.Random(SEED)
    folds = []
    for _ in range(120):
        names = names_of(dice)
        text = "\n".join(names) + "\n"
        folds.append({"names": names, "folded": run("nodeset", "-f", text=text).strip(), "unfolded": run("nodeset", "-e", text=text).strip()})
    expressions = []
    for text in EXPRESSIONS:
        names = run("nodeset", "-e", text)
        expressions.append({"text": text, "names": None if names is None else names.strip()})
    outputs = []
    while len(outputs) < 100:
        texts, chosen = outputs_of(dice)
        devices = {name: texts[at] for name, at in chosen.items()}
        lines = [f"{name}: {line}" for name, text in devices.items() for line in text.splitlines()]
        folded = run("clubak", "-b", "-S", ": ", text="\n".join(lines) + "\n")
        with tempfile.TemporaryDirectory() as place:
            for name, text in devices.items():
                with open(os.path.join(place, name.replace("/", "_")), "w") as file:
                    file.write(text)
            command = f"n=%h; cat {place}/$(echo $n | tr / _)"
            differences = run("clush", "-R", "exec", "-w", ",".join(devices), "--diff", command)
        outputs.append({"texts": texts, "devices": chosen, "folded": folded, "differences": differences})
    version = run("nodeset", "--version").strip()
    with open(os.path.join(HERE, "recorded", "clustershell.json"), "w") as file:
        json.dump({"version": version, "seed": SEED, "folds": folds, "expressions": expressions, "outputs": outputs}, file, separators=(",", ":"))
        file.write("\n")


main()
