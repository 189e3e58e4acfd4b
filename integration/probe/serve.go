package main

import (
	"fmt"
	"net"
	"strings"
	"time"
)

// serving bounds how long a server waits to be asked.
const serving = 5 * time.Minute

// serve says back what it is told by TCP and UDP, on addresses that are a port
// alone or of IPv4, until its patience ends. It prints who sent datagrams.
func serve(addresses []string) {
	for _, a := range addresses {
		versions := []string{"4"}
		if !strings.Contains(a, ":") {
			a = ":" + a
			versions = []string{"4", "6"} // one socket would need a ::1, which gVisor may lack
		}
		for _, v := range versions {
			l, err := net.Listen("tcp"+v, a)
			if err != nil {
				fail(err.Error())
			}
			go accept(l)
			u, err := net.ListenPacket("udp"+v, a)
			if err != nil {
				fail(err.Error())
			}
			go datagrams(a, u)
		}
	}
	time.Sleep(serving)
}

func accept(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			message := make([]byte, 64)
			for {
				n, err := c.Read(message)
				if err != nil {
					return
				}
				if _, err := c.Write(message[:n]); err != nil {
					return
				}
			}
		}()
	}
}

func datagrams(at string, u net.PacketConn) {
	message := make([]byte, 64)
	for {
		n, from, err := u.ReadFrom(message)
		if err != nil {
			return
		}
		fmt.Println("datagram", at, from)
		_, _ = u.WriteTo(message[:n], from) // nobody may be there any longer
	}
}
