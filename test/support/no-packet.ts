/** Fields of a decoded MQTT packet that carries nothing; CONNACK's are what a server says that limits nothing. */
export const NO_PACKET = Object.freeze({
	type: 0,
	flags: 0,
	id: 0,
	reason: 0,
	sessionPresent: false,
	receiveMaximum: 65_535,
	maximumQos: 2,
	retainAvailable: 1,
	maximumPacketSize: 0xffff_ffff,
	topicAliasMaximum: 0,
	serverKeepAlive: -1,
});
