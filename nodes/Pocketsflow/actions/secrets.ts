import type { IDataObject } from 'n8n-workflow';

const secretName = /secret|token|password|(signing|private)_?key/i;

const secretValue = /whsec_[^\s"',;]+/g;

/**
 * The record without signing secrets at any depth: it has no value under a name of a secret, and
 * `[signing secret]` in other texts that contain one.
 */
export const removeSecrets = (record: IDataObject): IDataObject =>
	JSON.parse(JSON.stringify(record), (key, value: unknown) => {
		if (typeof value === 'string' && !secretName.test(key))
			return value.replace(secretValue, '[signing secret]');
		return secretName.test(key) && typeof value !== 'boolean' ? undefined : value;
	}) as IDataObject;
