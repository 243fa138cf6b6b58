/** Private key files of every kind people bring: what others may use of this folder. */
export { type PrivateKeyMaterial, wipePrivateKey } from './private-key.ts';
export { isAgeFile, type PrivateKeyFile, readPrivateKeyFile } from './read.ts';
export { type NotaryKeyOptions, writeNotaryPrivateKey, writeStandardPkcs8 } from './write.ts';
