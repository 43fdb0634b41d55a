const longInteger = /(?:^|[\s:[,])-?\d{16}/;

const stringOrNumber = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?/gi;

/**
 * Parses JSON from Pocketsflow. Integers that JavaScript cannot represent become text with all their
 * digits: as numbers, two IDs beyond 2^53 could become one. Undefined for anything that is not JSON.
 */
export function parseJson(text: string): unknown {
	try {
		return JSON.parse(keepDigits(text));
	} catch {
		return undefined;
	}
}

const keepDigits = (json: string): string =>
	longInteger.test(json)
		? json.replace(stringOrNumber, (token) =>
				/^-?\d{16,}$/.test(token) && !Number.isSafeInteger(Number(token)) ? `"${token}"` : token,
			)
		: json;
