/** An error in WordPress's form: `code`, `message` and `data`, which holds the status. */
export class ApiError extends Error {
	/** WordPress answers 500 if an error carries a bare number instead of `data.status`. */
	readonly status: number;

	constructor(
		readonly code: string,
		message: string,
		readonly data: number | ({ status: number } & Record<string, unknown>),
	) {
		super(message);
		this.status = typeof data === 'number' ? 500 : data.status;
	}

	toBody() {
		return { code: this.code, message: this.message, data: this.data };
	}
}

const unauthorized = (code: string, message: string) =>
	new ApiError(`woocommerce_rest_${code}`, message, { status: 401 });

export const authenticationError = (message: string) =>
	unauthorized('authentication_error', message);

/** What a request without a user reads, by method: the read of a list and of one thing differ. */
export function permissionError(method: string, readsList: boolean): ApiError {
	if (method === 'GET' && readsList)
		return unauthorized('cannot_view', 'Sorry, you cannot list resources.');
	if (method === 'GET') return unauthorized('cannot_view', 'Sorry, you cannot view this resource.');
	if (method === 'DELETE')
		return unauthorized('cannot_delete', 'Sorry, you are not allowed to delete this resource.');
	return readsList
		? unauthorized('cannot_create', 'Sorry, you are not allowed to create resources.')
		: unauthorized('cannot_edit', 'Sorry, you are not allowed to edit this resource.');
}

/** WooCommerce answers 404 to reading and deleting, 400 to updating. */
export const invalidId = (type: string, status: 404 | 400 = 404, what = 'ID') =>
	new ApiError(`woocommerce_rest_${type}_invalid_id`, `Invalid ${what}.`, { status });

export const missingParameters = (...names: string[]) =>
	new ApiError('rest_missing_callback_param', `Missing parameter(s): ${names.join(', ')}`, {
		status: 400,
		params: names,
	});

/** @param type WordPress's name of the fault, such as `rest_invalid_type` */
export const invalidParameter = (name: string, type: string, message: string) =>
	new ApiError('rest_invalid_param', `Invalid parameter(s): ${name}`, {
		status: 400,
		params: { [name]: message },
		details: { [name]: { code: type, message, data: null } },
	});

export const noRoute = () =>
	new ApiError('rest_no_route', 'No route was found matching the URL and request method.', {
		status: 404,
	});
