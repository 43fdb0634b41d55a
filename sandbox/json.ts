/** An object of named values, as JSON has it. */
export type JsonObject = Record<string, unknown>;

/** Whether a value is an object with named fields. */
export function isObject(value: unknown): value is JsonObject {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}
