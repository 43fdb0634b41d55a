import { StandIn } from './standIn';

interface RoleParams {
	server: string;
	member: string;
	role: string;
}

const unknown = (what: string, code: number) => ({ message: `Unknown ${what}`, code });

/** The part of Discord's REST API (v10) that gives and takes roles of members, and its errors. */
export class Discord extends StandIn {
	readonly server = '1180000000000000001';

	readonly role = '1180000000000000002';

	readonly botToken = 'discord-test-token';

	/** The members of the server, with their roles. */
	readonly members = new Map<string, Set<string>>();

	static async open(): Promise<Discord> {
		const discord = new Discord();
		discord.addRoute('PUT', (roles, role) => roles.add(role));
		discord.addRoute('DELETE', (roles, role) => roles.delete(role));
		await discord.listen();
		return discord;
	}

	join(member: string): void {
		this.members.set(member, new Set());
	}

	hasRole(member: string): boolean {
		return this.members.get(member)?.has(this.role) ?? false;
	}

	private addRoute(
		method: 'PUT' | 'DELETE',
		change: (roles: Set<string>, role: string) => unknown,
	): void {
		this.app.route<{ Params: RoleParams }>({
			method,
			url: '/guilds/:server/members/:member/roles/:role',
			handler: async ({ headers, params }, reply) => {
				if (headers.authorization !== `Bot ${this.botToken}`)
					return await reply.code(401).send({ message: '401: Unauthorized', code: 0 });
				if (params.server !== this.server)
					return await reply.code(404).send(unknown('Guild', 10004));
				const roles = this.members.get(params.member);
				if (!roles) return await reply.code(404).send(unknown('Member', 10007));
				if (params.role !== this.role) return await reply.code(404).send(unknown('Role', 10011));
				change(roles, params.role);
				return await reply.code(204).send();
			},
		});
	}
}
