// Ours: what the files of core/ import by the name “@hpke/common”, which a browser cannot look up. Only what they need.
export { NativeAlgorithm } from "./common/src/algorithm.js";
export { EMPTY, INFO_LENGTH_LIMIT, INPUT_LENGTH_LIMIT, MINIMUM_PSK_LENGTH } from "./common/src/consts.js";
export { DeriveKeyPairError, DeserializeError, ExportError, InvalidParamError, MessageLimitReachedError, NotSupportedError, OpenError, SealError, SerializeError } from "./common/src/errors.js";
export { AeadId, KemId, Mode } from "./common/src/identifiers.js";
export { AEAD_USAGES } from "./common/src/interfaces/aeadEncryptionContext.js";
export { KEM_USAGES, LABEL_DKP_PRK, LABEL_SK } from "./common/src/interfaces/dhkemPrimitives.js";
export { HkdfSha256Native, toArrayBuffer, toUint8Array } from "./common/src/kdfs/hkdf.js";
export { Dhkem } from "./common/src/kems/dhkem.js";
export { base64UrlToBytes, i2Osp, xor } from "./common/src/utils/misc.js";
