"""Scripts of others that lie in this tree are what their authors published."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

HPKE = Path(__file__).parents[1] / "static" / "handrail" / "vendor" / "hpke"
PUBLISHED = {
    "common/LICENSE.txt": "95e193aa2d18b52a542e5ad897ffff83d0d68a1bb045b5a9c370e853ca6d0e4d",
    "common/_dnt.shims.js": "964bd4f895fc78959f40b3f3c87aa031389468a0221e5650b00445ff059d3715",
    "common/src/algorithm.js": "5993e61af2ed16a810b8ef80c16a1081e4fc973076e9cf60a6204ecd8a73ecd1",
    "common/src/consts.js": "5428171e017c7e6f47291bce8b64d712aabc040484e7ec08de1c4da4636aee00",
    "common/src/errors.js": "2276ea69b2766af2a19ad9bc6a7b72fc6d0c8e083c9d7a6a14cdd848a9f6f61a",
    "common/src/identifiers.js": "36d32d1da7b5b48b5091b8c8d2e635793ef4a2bd3bd6e1a28e0ae02b68f78b61",
    "common/src/interfaces/aeadEncryptionContext.js": "1e80fce686c45cc44ff3c5acb36f81fa3784bca25ffd0c45f869f5a4e9b100b7",
    "common/src/interfaces/dhkemPrimitives.js": "91eb3f0ef77809195a42db1306ab84da5bcf25b98fcea65e5b5956120bbc588b",
    "common/src/interfaces/kemInterface.js": "4a27f9b0a9dda6ea89809ed4a93eba2c286ab52b9c9d999f856f788586b27ee9",
    "common/src/kdfs/hkdf.js": "21a865dd7ebaf9c13a65c85d25fc97a6226d4a5380c6006b1943debfc89e5dd0",
    "common/src/kems/dhkem.js": "3328af8d6cab77f8962ac51545a7d22810c2c1a5ac1786d9c3d99e31295bae34",
    "common/src/utils/misc.js": "24e15bfdcbb3b9f5c0e151c399b4cdaacfe1d87af0a1eec663f0ba4bd1f8a32d",
    "core/LICENSE.txt": "ab49bdfb96b9c0117f908b82eb1f690be42028658f5a52fba5553b95fa90cd35",
    "core/src/aeads/aesGcm.js": "81de21290883df20e9e9677d15e36a8152e09af677292f854475e35d4d4f5617",
    "core/src/cipherSuiteNative.js": "709d78b20737e20e20950e4f3b3b764c221097456c129d5ddf115d8e6abeefc1",
    "core/src/encryptionContext.js": "1b30cabd063fab65dd79de4ab9ec4a5cb856e0bf7d4571a09d45554acc61db1b",
    "core/src/exporterContext.js": "0d3f865d9d88e0ae8a4fc8e965d85156309a1c938a80354d4397d0bd765e3cf0",
    "core/src/kems/dhkemPrimitives/x25519.js": "78c9fe600ab3cc4425786671718d5fd820ee90566d2e72367f89906a64007f5b",
    "core/src/kems/dhkemX25519.js": "e7238aa23cc50c40ec1f1f38ee62fbe0f8c61b160d5a7d12fde79cb11394c91f",
    "core/src/mutex.js": "f8d9da85bb40d1a57b0594b74728fbdc01382b0d80d236a0fd44e3b231eabe4d",
    "core/src/recipientContext.js": "4f3a0d1a270f12f97430ec3dc60e0b5f60603ac2fe80237e500d2145c01c7d76",
    "core/src/senderContext.js": "b3ccd80392eb5f28544077930d8697d9056cd2d66d63c233dfc6c2f31212cf77",
    "core/src/utils/emitNotSupported.js": "d75a9834de4d86f7d548d69aa2e6453a4c7be0d71e72359cc9f54854c4d05d23",
}
"""SHA-256 of each file as it is in its package, with the name that a browser cannot look up put back."""
OURS = {"README.md", "common.js"}


def test_every_file_is_as_it_was_published():
    found = {}
    for path in HPKE.rglob("*"):
        if path.is_file() and (name := path.relative_to(HPKE).as_posix()) not in OURS:
            text = re.sub(r'"(\.\./)+common\.js"', '"@hpke/common"', path.read_text())
            found[name] = hashlib.sha256(text.encode()).hexdigest()
    assert found == PUBLISHED


def test_what_is_ours_only_passes_names_on():
    lines = (HPKE / "common.js").read_text().splitlines()
    assert all(re.fullmatch(r'// .*|export \{ [\w, ]+ \} from "\./common/src/[\w/]+\.js";', line) for line in lines)
