"""Drives a KMIP server with PyKMIP's ProxyKmipClient: one line of JSON for each step. Arguments: port, version, certificate, key, CA."""

import json
import sys
import traceback

from kmip import enums
from kmip.core import objects as core
from kmip.core.attributes import Name
from kmip.core.factories.attributes import AttributeFactory
from kmip.core.primitives import TextString
from kmip.pie import objects
from kmip.pie.client import ProxyKmipClient

port, version, cert, key, ca = sys.argv[1:]
attributes = AttributeFactory()
E = enums
MASK = E.CryptographicUsageMask
KNOWN = bytes(range(32))


def step(name, run):
    try:
        result = run()
        print(json.dumps({"step": name, "ok": True, "result": result}), flush=True)
        return result
    except Exception as error:  # the test decides which refusals are right
        reason = getattr(getattr(error, "reason", None), "name", None)
        text = traceback.format_exception_only(type(error), error)[-1].strip()
        print(json.dumps({"step": name, "ok": False, "reason": reason, "error": text}), flush=True)
        return None


def custom(name, text):
    return core.Attribute(core.Attribute.AttributeName(name), None, TextString(text, tag=E.Tags.ATTRIBUTE_VALUE))


def wrapped():
    return client.get(
        aes,
        key_wrapping_specification={
            "wrapping_method": E.WrappingMethod.ENCRYPT,
            "encryption_key_information": {
                "unique_identifier": kek,
                "cryptographic_parameters": {"block_cipher_mode": E.BlockCipherMode.NIST_KEY_WRAP},
            },
            "encoding_option": E.EncodingOption.NO_ENCODING,
        },
    )


client = ProxyKmipClient(
    hostname="127.0.0.1",
    port=int(port),
    cert=cert,
    key=key,
    ca=ca,
    ssl_version="PROTOCOL_TLSv1_2",
    kmip_version=E.KMIPVersion["KMIP_" + version.replace(".", "_")],
)
with client:
    label = "py-" + version
    aes = step(
        "create",
        lambda: client.create(
            E.CryptographicAlgorithm.AES,
            256,
            name=label,
            cryptographic_usage_mask=[MASK.ENCRYPT, MASK.DECRYPT],
        ),
    )
    by_name = attributes.create_attribute(
        E.AttributeType.NAME, Name.create(label, E.NameType.UNINTERPRETED_TEXT_STRING)
    )
    step("locate", lambda: client.locate(attributes=[by_name]) == [aes])
    step("get", lambda: len(client.get(aes).value))
    step("attribute list", lambda: client.get_attribute_list(aes))
    step(
        "attributes",
        lambda: [
            (a.attribute_name.value, str(a.attribute_value))
            for a in client.get_attributes(aes, ["State", "Cryptographic Length", "Name"])[1]
        ],
    )
    known = step(
        "register",
        lambda: client.register(
            objects.SymmetricKey(
                E.CryptographicAlgorithm.AES,
                256,
                KNOWN,
                masks=[MASK.ENCRYPT, MASK.DECRYPT, MASK.DERIVE_KEY, MASK.MAC_GENERATE],
                name=label + "-known",
            )
        ),
    )
    step("get registered", lambda: client.get(known).value == KNOWN)
    secret = step(
        "register secret",
        lambda: client.register(
            objects.SecretData(
                b"a password", E.SecretDataType.PASSWORD, masks=[MASK.DERIVE_KEY], name=label + "-secret"
            )
        ),
    )
    step("get secret", lambda: client.get(secret).value == b"a password")
    opaque = step(
        "register opaque",
        lambda: client.register(objects.OpaqueObject(b"opaque bytes", E.OpaqueDataType.NONE, name=label + "-opaque")),
    )
    step("get opaque", lambda: client.get(opaque).value == b"opaque bytes")
    kek = step(
        "register wrapping key",
        lambda: client.register(
            objects.SymmetricKey(
                E.CryptographicAlgorithm.AES, 256, KNOWN[::-1], masks=[MASK.WRAP_KEY], name=label + "-wrapping"
            )
        ),
    )
    step("wrapped get, not active", lambda: len(wrapped().value))
    step("activate wrapping key", lambda: client.activate(kek))
    step("wrapped get", lambda: wrapped().value.hex())
    step("get plain", lambda: client.get(aes).value.hex())
    step("activate", lambda: client.activate(known))
    step("activate twice", lambda: client.activate(known))
    step("activate secret", lambda: client.activate(secret))
    step(
        "derive",
        lambda: client.get(
            client.derive_key(
                E.ObjectType.SYMMETRIC_KEY,
                [secret],
                E.DerivationMethod.PBKDF2,
                {
                    "cryptographic_parameters": {"hashing_algorithm": E.HashingAlgorithm.SHA_256},
                    "salt": b"salt",
                    "iteration_count": 1000,
                },
                cryptographic_length=256,
                cryptographic_algorithm=E.CryptographicAlgorithm.AES,
            )
        ).value.hex(),
    )
    cbc = {
        "block_cipher_mode": E.BlockCipherMode.CBC,
        "padding_method": E.PaddingMethod.PKCS5,
        "cryptographic_algorithm": E.CryptographicAlgorithm.AES,
    }
    encrypted = step(
        "encrypt", lambda: client.encrypt(b"plain", uid=known, cryptographic_parameters=cbc, iv_counter_nonce=bytes(16))[0].hex()
    )
    step(
        "decrypt",
        lambda: client.decrypt(
            bytes.fromhex(encrypted), uid=known, cryptographic_parameters=cbc, iv_counter_nonce=bytes(16)
        ).decode(),
    )
    step("mac", lambda: client.mac(b"data", uid=known, algorithm=E.CryptographicAlgorithm.HMAC_SHA256)[1].hex())
    pair = step(
        "create key pair",
        lambda: client.create_key_pair(
            E.CryptographicAlgorithm.RSA,
            2048,
            public_usage_mask=[MASK.VERIFY],
            private_usage_mask=[MASK.SIGN],
            public_name=label + "-public",
            private_name=label + "-private",
        ),
    )
    step("get public key", lambda: client.get(pair[0]).key_format_type.name)
    step("get private key", lambda: client.get(pair[1]).key_format_type.name)
    step("activate pair", lambda: [client.activate(pair[0]), client.activate(pair[1])])
    rsa = {
        "padding_method": E.PaddingMethod.PKCS1v15,
        "hashing_algorithm": E.HashingAlgorithm.SHA_256,
        "cryptographic_algorithm": E.CryptographicAlgorithm.RSA,
    }
    signature = step("sign", lambda: client.sign(b"message", uid=pair[1], cryptographic_parameters=rsa).hex())
    step(
        "verify",
        lambda: client.signature_verify(
            b"message", bytes.fromhex(signature), uid=pair[0], cryptographic_parameters=rsa
        ).name,
    )
    step(
        "verify another message",
        lambda: client.signature_verify(
            b"massage", bytes.fromhex(signature), uid=pair[0], cryptographic_parameters=rsa
        ).name,
    )
    note = {"unique_identifier": known, "attribute": custom("x-note", "second")}
    step("modify attribute that is not there", lambda: client.modify_attribute(**note))
    step("delete attribute", lambda: client.delete_attribute(known, attribute_name="Name", attribute_index=0)[0] == known)
    step("rekey", lambda: client.rekey(uid=aes) != aes)
    step("check", lambda: client.check(uid=known, cryptographic_usage_mask=[MASK.ENCRYPT]) == known)
    step("check denied", lambda: client.check(uid=known, cryptographic_usage_mask=[MASK.SIGN]))
    step("destroy active", lambda: client.destroy(known))
    step("revoke", lambda: client.revoke(E.RevocationReasonCode.CESSATION_OF_OPERATION, uid=known))
    step("destroy", lambda: client.destroy(known))
    step("get destroyed", lambda: client.get(known))
    step("destroy opaque", lambda: client.destroy(opaque))
