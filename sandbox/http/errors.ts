/** An error that the API answers with a status, a text and a code (docs/pocketsflow-api.md#errors). */
export class ApiError extends Error {
	constructor(
		readonly status: number,
		message: string,
		readonly code: string,
	) {
		super(message);
	}
}

/** 400, for a parameter that is missing or cannot be read. */
export const badRequest = (message: string) => new ApiError(400, message, 'INVALID_REQUEST');

export const notFound = (name: string) => new ApiError(404, `${name} not found`, 'NOT_FOUND');
