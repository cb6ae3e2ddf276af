// Fake OpenAI upstream. epoll, one thread, 127.0.0.1 only.  usage: upstream PORT
// model field: f-KIND-LATms-JITms-NCHUNKS-PACEus ; KIND s=~600 B JSON, b=~8 KB JSON, t=SSE stream.
// Replies carry LAT=<us> (time from request read to reply written). A stream's first chunk carries
// IDEAL=<us> = max of the LAT= tokens in the request + its own wait. Each chunk carries T<monotonic us>.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <stdint.h>
#include <unistd.h>
#include <errno.h>
#include <time.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <arpa/inet.h>
static uint64_t now_us(void){struct timespec t;clock_gettime(CLOCK_MONOTONIC,&t);return t.tv_sec*1000000ull+t.tv_nsec/1000;}
typedef struct conn{int fd,busy,hi;char*ib;int il,ic;char kind;unsigned lat,jit,nch,pace,sent;uint64_t trecv,due;unsigned prev;char*ob;int ol,oc;int consumed;}conn;
static conn*heap[40000];static int hn;
static void hset(int i,conn*c){heap[i]=c;c->hi=i;}
static void up(int i){while(i>0){int p=(i-1)/2;if(heap[p]->due<=heap[i]->due)break;conn*a=heap[p],*b=heap[i];hset(p,b);hset(i,a);i=p;}}
static void down(int i){for(;;){int l=2*i+1,r=l+1,m=i;if(l<hn&&heap[l]->due<heap[m]->due)m=l;if(r<hn&&heap[r]->due<heap[m]->due)m=r;if(m==i)return;conn*a=heap[m],*b=heap[i];hset(m,b);hset(i,a);i=m;}}
static void hpush(conn*c){hset(hn++,c);up(hn-1);}
static void hrem(conn*c){int i=c->hi;if(i<0)return;c->hi=-1;hn--;if(i!=hn){hset(i,heap[hn]);down(i);up(heap[i]->hi);}}
static int ep;
static void cclose(conn*c){hrem(c);close(c->fd);free(c->ib);free(c->ob);free(c);}
static char pad8k[7600];static char pad600[300];
static int flush_(conn*c){while(c->ol){int n=write(c->fd,c->ob,c->ol);if(n<=0){if(n<0&&errno==EAGAIN){struct epoll_event e={EPOLLIN|EPOLLOUT,{.ptr=c}};epoll_ctl(ep,EPOLL_CTL_MOD,c->fd,&e);return 0;}return -1;}memmove(c->ob,c->ob+n,c->ol-n);c->ol-=n;if(!c->ol){struct epoll_event e={EPOLLIN,{.ptr=c}};epoll_ctl(ep,EPOLL_CTL_MOD,c->fd,&e);}}return 0;}
static int out(conn*c,const char*p,int n){if(!c->ol){int w=write(c->fd,p,n);if(w<0){if(errno!=EAGAIN)return -1;w=0;}p+=w;n-=w;if(!n)return 0;}
 if(c->ol+n>c->oc){c->oc=(c->ol+n)*2;c->ob=realloc(c->ob,c->oc);}memcpy(c->ob+c->ol,p,n);c->ol+=n;return flush_(c);}
static int handle(conn*c);
static int finish(conn*c){c->busy=0;memmove(c->ib,c->ib+c->consumed,c->il-c->consumed);c->il-=c->consumed;c->consumed=0;return c->il?handle(c):0;}
static int chunk(conn*c,char*o,const char*ideal){char b[700];int n=snprintf(b,sizeof b,"data: {\"id\":\"chatcmpl-Bq7JYw0f3kX2\",\"object\":\"chat.completion.chunk\",\"created\":1763900000,\"model\":\"f-model-2026\",\"system_fingerprint\":\"fp_44709d6fcb\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"T%016llu%s\"},\"finish_reason\":null}]}\n\n",(unsigned long long)now_us(),ideal);int h=sprintf(o,"%x\r\n",n);memcpy(o+h,b,n);memcpy(o+h+n,"\r\n",2);return h+n+2;}
static int fire(conn*c){ // timer due
 char o[9500];uint64_t t=now_us();
 if(c->kind!='t'){const char*pad=c->kind=='b'?pad8k:pad600;char b[9200];
  int n=snprintf(b,sizeof b,"{\"id\":\"chatcmpl-Bq7JYw0f3kX2\",\"object\":\"chat.completion\",\"created\":1763900000,\"model\":\"f-model-2026\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"LAT=%08u; %s\",\"refusal\":null},\"logprobs\":null,\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":120,\"completion_tokens\":64,\"total_tokens\":184},\"system_fingerprint\":\"fp_44709d6fcb\"}",(unsigned)(t-c->trecv),pad);
  int h=sprintf(o,"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n",n);memcpy(o+h,b,n);
  if(out(c,o,h+n))return -1;return finish(c);}
 if(c->sent==0){const char*h="HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n";int n=strlen(h);memcpy(o,h,n);char id[40];sprintf(id,"IDEAL=%010u;",c->prev+(unsigned)(t-c->trecv));n+=chunk(c,o+n,id);if(out(c,o,n))return -1;c->sent=1;}
 else{int n=chunk(c,o,"");if(out(c,o,n))return -1;c->sent++;}
 // Without pace all chunks leave in as few writes as can be. One write each made the figure a matter of luck: how many share a read
 // hung on whether the gateway was asleep, and the same proxy cost 1.3 or 4.8 us a chunk.
 static char many[65536];int h=0;while(c->pace==0&&c->sent<c->nch){h+=chunk(c,many+h,"");c->sent++;if(h>64000||c->sent==c->nch){if(out(c,many,h))return -1;h=0;}}
 if(c->sent>=c->nch){const char*e="data: {\"id\":\"chatcmpl-Bq7JYw0f3kX2\",\"object\":\"chat.completion.chunk\",\"created\":1763900000,\"model\":\"f-model-2026\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";int n=sprintf(o,"%x\r\n%s\r\n0\r\n\r\n",(int)strlen(e),e);if(out(c,o,n))return -1;return finish(c);}
 c->due+=c->pace;if(c->due<t)c->due=t;hpush(c);return 0;}
static int handle(conn*c){ if(c->busy||!c->il)return 0;
 char*he=memmem(c->ib,c->il,"\r\n\r\n",4);if(!he)return 0;int hl=he-c->ib+4;int cl=0;
 c->ib[c->il]=0;char sv=he[2];he[2]=0;char*p=strcasestr(c->ib,"content-length:");int ch=!!strcasestr(c->ib,"transfer-encoding: chunked");int ex=!!strcasestr(c->ib,"expect: 100");he[2]=sv;(void)ex;
 if(p)cl=atoi(p+15);
 if(ch){char*e=memmem(c->ib+hl,c->il-hl,"0\r\n\r\n",5);if(!e)return 0;cl=e+5-(c->ib+hl);}
 if(c->il<hl+cl)return 0;
 c->consumed=hl+cl;c->busy=1;c->trecv=now_us();c->kind='s';c->lat=c->jit=c->nch=c->pace=0;c->sent=0;c->prev=0;
 char*b=c->ib+hl;char*m=memmem(b,cl,"\"model\":",8);if(m){char*f=memmem(m,cl-(m-b),"f-",2);if(f&&f-m<60)sscanf(f,"f-%c-%u-%u-%u-%u",&c->kind,&c->lat,&c->jit,&c->nch,&c->pace);}
 if(c->kind=='t'){char*q=b,*e=b+cl;while((q=memmem(q,e-q,"LAT=",4))){unsigned v=strtoul(q+4,0,10);if(v>c->prev)c->prev=v;q+=4;}}
 int64_t l=c->lat*1000;if(c->jit)l+=(rand()%(2*c->jit*1000+1))-(int64_t)c->jit*1000;if(l<0)l=0;
 if(l==0)return fire(c);c->due=c->trecv+l;hpush(c);return 0;}
int main(int ac,char**av){signal(SIGPIPE,SIG_IGN);memset(pad8k,'x',sizeof pad8k-1);memset(pad600,'y',sizeof pad600-1);for(int i=7;i<7590;i+=8)pad8k[i]=' ';for(int i=7;i<290;i+=8)pad600[i]=' ';
 int s=socket(AF_INET,SOCK_STREAM|SOCK_NONBLOCK,0),on=1;setsockopt(s,SOL_SOCKET,SO_REUSEADDR,&on,4);struct sockaddr_in a={.sin_family=AF_INET,.sin_port=htons(atoi(av[1])),.sin_addr.s_addr=htonl(INADDR_LOOPBACK)};
 if(bind(s,(void*)&a,sizeof a)||listen(s,4096)){perror("bind");return 1;}ep=epoll_create1(0);struct epoll_event e={EPOLLIN,{.ptr=0}};epoll_ctl(ep,EPOLL_CTL_ADD,s,&e);
 struct epoll_event ev[512];for(;;){struct timespec ts,*tp=0;if(hn){int64_t d=heap[0]->due-now_us();if(d<0)d=0;ts.tv_sec=d/1000000;ts.tv_nsec=d%1000000*1000;tp=&ts;}
  int n=epoll_pwait2(ep,ev,512,tp,0);
  for(int i=0;i<n;i++){conn*c=ev[i].data.ptr;if(!c){int f;while((f=accept4(s,0,0,SOCK_NONBLOCK))>=0){setsockopt(f,IPPROTO_TCP,TCP_NODELAY,&on,4);conn*k=calloc(1,sizeof*k);k->fd=f;k->hi=-1;k->ic=4096;k->ib=malloc(4097);struct epoll_event x={EPOLLIN,{.ptr=k}};epoll_ctl(ep,EPOLL_CTL_ADD,f,&x);}continue;}
   if(ev[i].events&EPOLLOUT){if(flush_(c)){cclose(c);continue;}}
   if(ev[i].events&(EPOLLIN|EPOLLHUP|EPOLLERR)){int dead=0;for(;;){if(c->il==c->ic){c->ic*=2;c->ib=realloc(c->ib,c->ic+1);}int room=c->ic-c->il;int r=read(c->fd,c->ib+c->il,room);if(r>0){c->il+=r;if(r<room)break;}else{if(r==0||errno!=EAGAIN)dead=1;break;}}
    if(dead||handle(c))cclose(c);}}
  uint64_t t=now_us();while(hn&&heap[0]->due<=t){conn*c=heap[0];hrem(c);if(fire(c))cclose(c);}}}
