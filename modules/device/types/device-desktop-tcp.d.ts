/** The SDK's own `embedded:io/socket/tcp` on a desktop, where ours stands in front of it. */
declare module "device/desktop-tcp" {
	export { default } from "embedded:io/socket/tcp";
}
